import inspect
import os
import re
import subprocess
import sys

import pytest

from reverie import recipes
from reverie.cli import signatures
from reverie.cli.app import app, main

COMMON = {"--weights", "--device", "--precision", "--mean", "--std", "--native-size", "--classes", "--threads",
          "--pooling", "--output-as", "--output-key"}
WRITING = {"--output", "--force", "--film", "--trace", "--watch", "--quiet"}
SEVERAL = WRITING | {"--singles"}
DREAM = {"--model", "--layer", "--preset", "--octaves", "--octave-scale", "--steps", "--rate", "--strength", "--jitter",
         "--reduction", "--guide", "--also", "--prior", "--mask", "--size", "--tile", "--seed"}  # fmt: skip
OPTIONS = {
    "dream": COMMON | WRITING | DREAM,
    "caricature": COMMON | SEVERAL | {"--model", "--layer", "--toward", "--negative", "--cosine", "--parameterization",
                                      "--prior", "--steps", "--rate", "--size", "--seed"},
    "accentuate": COMMON | SEVERAL | {"--model", "--negative", "--hold", "--layer", "--mask", "--prior", "--steps",
                                      "--rate", "--size", "--seed"},
    "interpolate": COMMON | SEVERAL | {"--model", "--between", "--align", "--parameterization", "--prior", "--steps",
                                       "--rate", "--size", "--seed"},
    "feature": COMMON | SEVERAL | {"--model", "--preset", "--size", "--steps", "--rate", "--negative", "--start",
               "--parameterization", "--mask", "--alpha", "--spectrum", "--reduction",
               "--dictionary", "--concept", "--against", "--also",
               "--cosine", "--diversity", "--both", "--prior", "--batch",
               "--window", "--no-window",
               "--seed", "--verify", "--verify-with", "--photos"},
    "sheet": COMMON | (WRITING - {"--watch", "--film", "--trace"})
             | {"--model", "--html", "--groups", "--photos", "--preset", "--size", "--steps", "--rate",
             "--negative", "--start", "--parameterization", "--mask", "--alpha", "--spectrum", "--reduction",
               "--dictionary", "--concept", "--against", "--also",
               "--cosine", "--diversity", "--both",
             "--prior", "--batch", "--window",
             "--no-window", "--seed"},
    "compare": COMMON | SEVERAL | {"--model", "--photo", "--few", "--steps", "--rate", "--size", "--seed", "--every",
                                   "--sample"},
    "grow": COMMON | WRITING | {"--model", "--steps", "--rate", "--size", "--seed"},
    "style": COMMON | WRITING | {"--model", "--layer", "--content-layer", "--content", "--style-weight",
             "--style-scale", "--region", "--style-region", "--colors", "--start", "--ascent", "--octaves",
             "--steps", "--rate", "--prior", "--size", "--tile", "--seed"},
    "fool": COMMON | WRITING | {"--model", "--smallest", "--transfer", "--as", "--method", "--norm", "--radius",
            "--steps", "--rate", "--start", "--size", "--seed"},
    "invert": COMMON | SEVERAL | {"--model", "--layer", "--all", "--restarts", "--pooled", "--parameterization",
              "--ascent", "--steps", "--rate", "--prior", "--size", "--seed"},
    "zoom": COMMON | {"--output", "--force", "--quiet"} | DREAM | {"--frames", "--zoom", "--rotate", "--right",
            "--down", "--steady", "--fps"},
    "film": COMMON | {"--output", "--force", "--quiet"} | DREAM
            | {"--carry", "--every", "--frames", "--silent", "--fps"},
    "explain": COMMON | (SEVERAL - {"--film", "--trace"})
               | {"--model", "--unit", "--method", "--layer", "--samples", "--noise", "--baseline",
               "--window", "--stride", "--show", "--opacity", "--control", "--size", "--seed", "--raw"},
    "activations": COMMON | {"--output", "--singles", "--force", "--quiet", "--model", "--layer", "--most", "--scale",
                             "--show", "--opacity", "--size", "--raw"},
    "scan": COMMON | {"--model", "--layer", "--extremes", "--several", "--samples", "--examples", "--no-embeddings",
                      "--batch", "--workers", "--seed", "--output", "--force", "--quiet"},
    "patches": {"--scan", "--model", "--trust", "--photos", "--kind", "--most", "--beside", "--side", "--weights",
                "--device", "--threads", "--output", "--singles", "--force", "--quiet"},
    "map": COMMON | {"--output", "--force", "--quiet", "--model", "--layer", "--method", "--perplexity", "--into",
                     "--thumbnail", "--seed", "--batch", "--workers"},
    "rerun": SEVERAL | {"--unit", "--model", "--photo", "--decoder", "--trust", "--also", "--weights", "--device",
                        "--threads"},
    "filters": COMMON | {"--output", "--singles", "--force", "--quiet", "--model", "--most", "--scale", "--order",
                         "--size", "--links", "--steps", "--pictures", "--seed", "--kernels", "--html", "--raw"},
    "card": COMMON | {"--output", "--force", "--quiet", "--model", "--scan", "--photos", "--steps", "--size",
                      "--patches", "--links", "--link-steps", "--pictures", "--seed"},
    "plot": {"--output", "--force", "--film", "--quiet"},
    "layers": COMMON | {"--all", "--json", "--model"},  # the latter in the help of its argument
    "models": {"--timm"},
    "presets": set(),
}  # fmt: skip


def test_every_command_is_tested():
    assert {command.name for command in app.registered_commands} == set(OPTIONS)


@pytest.mark.parametrize("command", OPTIONS)
def test_help_shows_every_option(command, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["reverie", command, "--help"])
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 250)
    with pytest.raises(SystemExit) as ended:
        main()
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", text)) - {"--help"} == OPTIONS[command]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("recipes/dreams.py", "dream"), ("recipes/features.py", "feature"), ("recipes/comparisons.py", "compare"),
        ("recipes/comparisons.py", "grow"), ("recipes/inversion.py", "invert"),
        ("recipes/caricatures.py", "caricature"), ("recipes/caricatures.py", "accentuate"),
        ("recipes/passages.py", "interpolate"),
        ("recipes/explanations.py", "explain"), ("recipes/responses.py", "activations"),
        ("recipes/weights.py", "filters"),
        ("recipes/painting.py", "style"), ("recipes/fooling.py", "fool"), ("recipes/fooling.py", "universal"),
    ],
)  # fmt: skip
def test_options_are_those_of_the_library_with_help(module, name):
    about, found = signatures.arguments(module, name)
    function = getattr(recipes, name)
    parameters = {key: item for key, item in inspect.signature(function).parameters.items() if key != "model"}
    assert [item.name for item in found] == list(parameters)
    assert {item.name: item.default for item in found} == {key: item.default for key, item in parameters.items()}
    assert all(item.help.endswith(".") for item in found)  # whole, also where it goes on over several lines
    assert inspect.getdoc(function).startswith(about)


@pytest.mark.parametrize(
    "words",
    ["import reverie", "import sys; sys.argv = ['reverie', '--help']; from reverie.cli.app import main; main()"],
)
def test_neither_importing_nor_help_imports_torch(words):
    code = (
        "import sys, atexit\n"
        "heavy = {'torch', 'torchvision', 'numpy', 'PIL', 'sklearn'}\n"
        "atexit.register(lambda: print('LOADED', sorted(heavy & set(sys.modules))))\n"
        f"{words}\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.rstrip().endswith("LOADED []")


def test_the_module_is_the_command(photo):
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    ran = subprocess.run(
        [sys.executable, "-m", "reverie", "dream", "nowhere.png"],
        capture_output=True, text=True, check=False, env=environment,
        timeout=120,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "reverie: there is no file nowhere.png; name a photo, a folder of photos, or 'sample:flower'\n"
