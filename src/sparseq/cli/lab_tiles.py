"""`sparseq lab tiles`: parts of images filled, textures made, from patches of the user's own images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sparseq.cli.options import WholeNumber, force_option, json_option, output_option, quiet_option, seed_option
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import emit_json, say

if TYPE_CHECKING:
    from sparseq.jobs.lab_tiles import Made

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def grain_option() -> Callable[[Decorated], Decorated]:
    """--patch and --codes; the parameters `patch` and `codes` are int."""

    def decorate(command: Decorated) -> Decorated:
        codes = click.option(
            "--codes", type=WholeNumber(2, 1 << 16), default=64, show_default=True, help="Kinds of patches, up to 512."
        )
        patch = click.option(
            "--patch", type=WholeNumber(4, 256), default=8, show_default=True, help="Side of a patch in pixels."
        )
        return patch(codes(command))

    return decorate


def steps_option() -> Callable[[Decorated], Decorated]:
    """Return --steps; the parameter `steps` is a str or None."""
    return click.option("--steps", metavar="FILE.png", help="Write a picture of the steps on the way, too.")


@click.group()
def tiles() -> None:
    """Fill parts of images and make textures, by a codebook of patches."""


@tiles.command()
@click.argument("image", metavar="IMAGE")
@click.option("--box", metavar="X,Y,WIDTH,HEIGHT", required=True, help="The rectangle to fill, in pixels.")
@click.option("--examples", metavar="DIR|FILE", help="Images to learn from beside the rest of this one.")
@grain_option()
@steps_option()
@seed_option()
@output_option(metavar="FILE.png")
@force_option()
@json_option()
@quiet_option()
def fill(
    image: str,
    box: str,
    examples: str | None,
    patch: int,
    codes: int,
    steps: str | None,
    seed: int | None,
    output: str,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fill a rectangle of an image from what is around it; what was in it is not looked at."""
    from sparseq.jobs.lab_tiles import fill_image, load_images, parse_box

    _check(output, steps, force)
    number = seed_or_fresh(seed)
    others = load_images(examples) if examples is not None else []
    made = fill_image(load_images(image)[0], parse_box(box), others, side=patch, n_codes=codes, seed=number)
    _give(made, number, output, steps, force, as_json, quiet)


@tiles.command()
@click.argument("images", metavar="DIR|FILE")
@click.option("--width", type=WholeNumber(1, 4096), default=256, show_default=True, help="In pixels.")
@click.option("--height", type=WholeNumber(1, 4096), default=256, show_default=True, help="In pixels.")
@grain_option()
@steps_option()
@seed_option()
@output_option(metavar="FILE.png")
@force_option()
@json_option()
@quiet_option()
def texture(
    images: str,
    width: int,
    height: int,
    patch: int,
    codes: int,
    steps: str | None,
    seed: int | None,
    output: str,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a texture like some images, of any size."""
    from sparseq.jobs.lab_tiles import load_images, make_texture

    _check(output, steps, force)
    number = seed_or_fresh(seed)
    made = make_texture(load_images(images), width, height, side=patch, n_codes=codes, seed=number)
    _give(made, number, output, steps, force, as_json, quiet)


def _check(output: str, steps: str | None, force: bool) -> None:
    from sparseq.jobs.files import check_writable

    for path in (output, steps):
        if path is not None:
            check_writable(path, force)


def _give(made: Made, seed: int, output: str, steps: str | None, force: bool, as_json: bool, quiet: bool) -> None:
    from sparseq.domains.pictures import pixels_png
    from sparseq.jobs.files import write_atomically
    from sparseq.jobs.lab_tiles import contact_sheet

    write_atomically(output, pixels_png(made.pixels), force)
    if steps is not None:
        write_atomically(steps, pixels_png(contact_sheet(made.steps)), force)
    if as_json:
        emit_json({"seed": seed, **made.measures})
    measures = ", ".join(f"{name} {value:.3g}" for name, value in made.measures.items())
    say(f"wrote {output}: {measures}, seed {seed}", quiet=quiet)
