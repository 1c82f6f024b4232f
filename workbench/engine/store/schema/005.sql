-- Machines that get nothing new because of what they did to runs, until somebody trusts them again.
CREATE TABLE aside (machine TEXT NOT NULL, reason TEXT NOT NULL);
