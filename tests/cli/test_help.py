import inspect
import os
import re
import subprocess
import sys

import pytest

import reverie.cli.commands
from reverie import recipes
from reverie.cli.app import app, main
from reverie.cli.early import ENDINGS
from reverie.paths import FORMATS
from reverie.settings import commands
from reverie.settings.setting import GROUPS, settings_of

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
             | {"--model", "--html", "--groups", "--scan", "--photos", "--preset", "--size", "--steps", "--rate",
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
    "patches": {"--scan", "--model", "--trust", "--photos", "--kind", "--most", "--beside", "--side", "--copies",
                "--weights", "--device", "--threads", "--output", "--singles", "--force", "--quiet"},
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
    "atlas status": set(),
    "atlas score": {"--judge", "--photos", "--limit", "--force", "--quiet", "--model", "--trust", "--weights",
                    "--device", "--threads"},
    "atlas open": {"--no-browser", "--quiet"},
    "atlas verify": {"--sample", "--all", "--quiet", "--model", "--trust", "--weights", "--device", "--threads"},
    "atlas merge": {"--output", "--force", "--quiet"},
    "atlas build": COMMON | {"--output", "--force", "--quiet", "--model", "--layer", "--photos", "--views",
                             "--diversity", "--size", "--preset", "--steps", "--rate", "--limit", "--shard",
                             "--patches", "--links", "--batch", "--workers", "--seed", "--cluster",
                             "--cluster-workers", "--gpus-per-worker"},
    "atlas grid": COMMON | {"--output", "--force", "--quiet", "--model", "--photos", "--photo", "--cells",
                            "--positions", "--fewest", "--method", "--cosine", "--plain", "--size", "--steps",
                            "--patches", "--batch", "--workers", "--seed", "--atlas"},
    "atlas export": {"--output", "--force", "--quiet", "--format", "--quality"},
    "score": COMMON | {"--output", "--force", "--quiet", "--model", "--photos", "--scan", "--judge", "--preset",
                       "--beside", "--seeds", "--steps", "--size", "--workers", "--seed"},
    "doctor": COMMON | {"--output", "--force", "--quiet", "--model", "--photos", "--judge", "--layer", "--steps",
                        "--size", "--workers", "--seed"},
    "presets": set(),
    "studio": COMMON | {"--model", "--atlas", "--scan", "--folder", "--port", "--no-browser"},
}  # fmt: skip


def test_every_command_is_tested():
    within = {
        f"{group.name} {command.name}"
        for group in app.registered_groups
        for command in group.typer_instance.registered_commands
    }
    assert {command.name for command in app.registered_commands} | within == set(OPTIONS)


@pytest.mark.parametrize("command", OPTIONS)
def test_help_shows_every_option(command, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["reverie", *command.split(), "--help-all"])
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 250)
    with pytest.raises(SystemExit) as ended:
        main()
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert max(text) <= "\uffff", "an emoji"
    endings = ENDINGS.get(command, FORMATS)
    assert "--output " not in text or all(f" {ending}" in text for ending in endings)
    assert ".jpg" in endings or ".jpg" not in text.rpartition("--output ")[2]
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", text)) - {"--help", "--help-all"} == OPTIONS[command]


def test_the_short_help_has_its_groups_in_one_order_and_leaves_out_rare_options(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    for name, cls in commands().items():
        monkeypatch.setattr(sys, "argv", ["reverie", *name.split(), "--help"])
        with pytest.raises(SystemExit):
            main()
        text = capsys.readouterr().out
        rare = [item for item in settings_of(cls) if item.more.get("rare")]
        assert len(text.splitlines()) <= 100
        groups = [group for group in re.findall(r"^╭─ (\w+)", text, re.MULTILINE) if group in GROUPS]
        assert groups == [group for group in GROUPS if group in groups]
        assert not [item.name for item in rare if f"--{item.name.replace('_', '-')} " in text]
        assert ("--help-all" in text) == bool(rare or "--pooling" in OPTIONS[name])


@pytest.mark.parametrize("words", [["--help-all"], ["atlas", "--help-all"]])
def test_groups_take_the_whole_help_too(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["reverie", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, "Commands" in capsys.readouterr().out) == (0, True)


def test_what_takes_options_has_two_examples():
    few = {name for name, cls in commands().items() if len(cls.usage) < 2}
    assert not {name for name in few if any("argument" not in item.more for item in settings_of(commands()[name]))}


@pytest.mark.parametrize("words", [["--help"], ["atlas", "--help"], ["dreem"], ["atlas", "bild"]])
def test_options_are_built_of_the_command_alone_that_is_named(words, monkeypatch, capsys):
    monkeypatch.setattr(reverie.cli.commands, "command", None)  # which builds them
    monkeypatch.setattr(sys, "argv", ["reverie", *words])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr()
    assert ("Did you mean" in said.err) == (words[-1] != "--help")
    assert ("atlas" in said.out) == (words[-1] == "--help")


@pytest.mark.parametrize("name", recipes.__all__)
def test_a_recipe_tells_its_settings_as_its_signature(name):
    recipe = getattr(recipes, name)
    parameters = {key: item for key, item in inspect.signature(recipe).parameters.items() if key != "model"}
    found = {item.name: item for item in settings_of(recipe.settings)}
    assert set(parameters) == set(found)
    assert all(item.help.endswith(".") for item in found.values())
    required = {key for key, item in parameters.items() if item.default is inspect.Parameter.empty}
    assert required == {key for key, item in found.items() if item.required}


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
