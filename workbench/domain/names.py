"""Names of runs: a word for how, a word for what, and the run's number, such as brave-sunset-12."""

from __future__ import annotations

from random import Random

from workbench.errors import UsageError

MAX_LENGTH = 60


def name_for(seq: int, random: Random) -> str:
    """A name that no other run of this history has: `seq` is the run's number."""
    return f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}-{seq}"


def check_name(text: str) -> str:
    """The name that a user chose, as it is. Raises UsageError where a list or a command line could not bear it."""
    wrong = ""
    if not text:
        wrong = "is empty"
    elif len(text) > MAX_LENGTH:
        wrong = f"is {len(text)} characters long, more than {MAX_LENGTH}"
    elif any(char.isspace() or not char.isprintable() for char in text):
        wrong = "has spaces or control characters in it"
    elif text.startswith("-"):
        wrong = "begins with a dash, as flags do"
    elif text.isdecimal():
        wrong = "is a number, as the runs' own are"
    if wrong:
        shown = ascii(text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + "...")
        raise UsageError(f"the name {shown} {wrong}", hint="1 to 60 letters, digits and signs, such as deeper-net-2")
    return text


def check_tag(text: str) -> str:
    """The tag that a user chose, as it is. Raises UsageError where a list could not show it."""
    if not text.strip() or not text.isprintable():
        wrong = "has control characters in it" if text.strip() else "is empty"
        raise UsageError(f"the tag {text!a} {wrong}", hint="a word to find runs by, such as baseline")
    return text


_ADJECTIVES = """
able agile airy alert amber ample aqua arctic astral autumn avid azure balmy blithe bold brave breezy bright brisk
calm candid careful cheery civil clean clear clever cobalt cool copper coral cosmic cosy crimson crisp curious
dapper daring deft dewy eager early earnest easy elegant fair fancy fast festive fine firm fleet fluent free fresh
frosty genial gentle gifted glad golden grand green handy happy hardy hearty helpful honest hopeful humble ideal
indigo ivory jade jolly jovial joyful keen kind lasting level light lilac lively lofty loyal lucid lucky lunar magic
maple marine mellow merry mild misty modest neat nimble noble novel olive open patient pearly placid playful plucky
polar polite prime proud pure quick quiet radiant rapid ready regal robust rosy royal ruby sage scarlet serene shiny
silent silver simple sincere smooth snowy soft solar solid sonic spry stable steady stellar sturdy subtle sunny sure
swift tender tidy true trusty upbeat urban vast velvet verdant violet vital vivid warm wise witty zesty
"""

_NOUNS = """
acorn alder anchor apple arbor arrow aspen atlas aurora badger bamboo basin bay beacon beaver birch bison blossom
bluff breeze bridge brook canyon cape cedar cherry cliff cloud clover cobble comet compass condor cove crane creek
crest cricket crystal cypress daisy dawn deer delta dew dolphin dove dream dune dusk eagle echo elk elm ember falcon
feather fern field finch fir firefly fjord flame flint forest fox galaxy garden geyser glacier glade glen grove gull
harbor haven hawk hazel heath heron hill horizon iris island ivy jasmine juniper kestrel kite lagoon lake lantern
lark laurel leaf lily linden lotus lynx mango marsh meadow mesa meteor mist moon moss myrtle nebula nest oak oasis
ocean opal orchard orchid osprey otter owl palm panda panther path peak pearl pebble pelican pine plain planet plum
pond poppy prairie quail quartz rain raven reef ridge river robin rose saffron sail sea seal shell shore sky snow
sparrow spring spruce star stone stream summit sun sunset swallow swan thicket thistle thunder tide trail tulip
tundra valley vista wave willow wind wren zephyr
"""

ADJECTIVES, NOUNS = tuple(_ADJECTIVES.split()), tuple(_NOUNS.split())
