"""``upload``, ``download`` and ``cat``."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from pinatakit.cli._common import (
    Output,
    as_network,
    asks,
    asks_plainly,
    client,
    each,
    network_option,
    output_options,
    plain,
    read_keyvalues,
    service_options,
    size,
)
from pinatakit.cli._completion import of_files, of_groups
from pinatakit.cli._output import fields_of
from pinatakit.cli._transfers import (
    Transfers,
    forget_list,
    left_list,
    read_list,
    summary,
    transfer_options,
    typed_again,
)

if TYPE_CHECKING:
    from pinatakit.client import Download, Pinata, Progress
    from pinatakit.protocol import Upload
    from pinatakit.protocol.gateway import ImageOptions

_PLANNED: Final = "cid size name path"
_UPLOADED: Final = "cid size created_at name"
_DOWNLOADED: Final = "path cid size files"
_ADDRESS: Final = re.compile(r"(?i)https?://")


def _take_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What of a folder is taken."""
    for option in (
        click.option("--empty-folders", is_flag=True, help="Keep empty folders; with --car."),
        click.option(
            "--symlinks",
            type=click.Choice(["follow", "keep", "skip", "refuse"]),
            default="follow",
            show_default=True,
            help="Of folders; keep goes with --car.",
        ),
        click.option("--hidden", is_flag=True, help="Take hidden files of folders along."),
        click.option(
            "--ignore-file", metavar="NAME", help="Leave out what files of this name say: .gitignore."
        ),
        click.option(
            "--exclude", multiple=True, metavar="PATTERN", help="Leave these out, as in .gitignore; several."
        ),
        click.option("--include", multiple=True, metavar="PATTERN", help="Of folders only these; several."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--paths-from", metavar="FILE", help="Take the PATHs of this file too, one a line; - is stdin.")
@click.option("--name", help="What it is called in lists; else the name it has.")
@click.option("--kv", "pairs", multiple=True, metavar="KEY=VALUE", help="A key-value; up to 10.")
@click.option("--group", "group_id", metavar="ID", shell_complete=of_groups, help="The group it goes into.")
@network_option
@click.option(
    "--cid-version", type=click.Choice(["0", "1", "unixfs-v1-2025"]), default="1", show_default=True
)
@click.option("--wrap", is_flag=True, help="Put a single file into a folder, so that its name is content.")
@click.option("--expires", metavar="TIME", help="When it is removed: such as 12h, 7d or 2027-01-31.")
@click.option("--streamable", is_flag=True, help="Prepare video and audio for streaming.")
@_take_options
@click.option("--car", is_flag=True, help="PATH is a CAR, or a folder to be sent as one (paid plans).")
@click.option("--skip-existing", is_flag=True, help="Send nothing that is there already.")
@click.option(
    "--resumable/--no-resumable", default=None, help="In chunks, or in one request; else chunks above 90 MiB."
)
@click.option("--url", metavar="URL", help="A presigned URL, of `link upload`: no key is needed.")
@click.option(
    "-n", "--dry-run", is_flag=True, help="Show what would be sent, with its CIDs, and send nothing."
)
@transfer_options
@service_options
@output_options
def upload(
    out: Output,
    paths: tuple[str, ...],
    paths_from: str | None,
    pairs: tuple[str, ...],
    network: str | None,
    expires: str | None,
    dry_run: bool,
    at_once: int,
    draw: bool,
    local: str | None,
    settings_profile: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    ignore_file: str | None,
    hidden: bool,
    symlinks: Any,
    empty_folders: bool,
    **options: Any,
) -> int:
    """Upload files and folders, and check that exactly their bytes were stored.

    PATH is a file, a folder, a pattern such as "data/*.csv", a URL, or - for standard input.
    Each is one upload; its CID is printed on stdout, with --json an object a line. What was
    interrupted goes on when it is run again: Ctrl-C prints the command for the rest.

    \b
    Examples:
      pinatakit upload photo.jpg --kv album=summer
      pinatakit upload site/ --exclude "*.map" --dry-run
      pinatakit upload *.jpg --skip-existing --format csv
      tar c data | pinatakit upload - --name data.tar
      pinatakit upload --local photo.jpg
    """
    from pinatakit.cli._times import read_moment
    from pinatakit.patterns import Patterns
    from pinatakit.protocol import Upload

    what = [*paths, *(read_list(paths_from) if paths_from else ())]
    _check_paths(what, paths_from, options)
    options |= {
        "keyvalues": read_keyvalues(pairs) or None,
        "expires_at": read_moment(expires, "--expires") if expires else None,
    }
    take: dict[str, Any] = {
        "hidden": hidden,
        "symlinks": symlinks,
        "empty_folders": empty_folders,
        "patterns": Patterns(include, exclude, ignore_file),
    }
    if dry_run:
        return _plan(out, what, options, take, network or _network(local, settings_profile))

    with client(local, settings_profile) as pinata:

        def send(path: str, progress: Progress) -> Upload:
            rest: dict[str, Any] = options | take
            if path == "-":
                rest["name"] = options["name"] or "stdin"
            source = sys.stdin.buffer if path == "-" else path
            return pinata.upload(source, network=as_network(network), progress=progress, **rest)

        sent: list[Upload] = []
        one_line = len(what) > 1 and sys.stdout.isatty() and sys.stderr.isatty()

        def arrived(path: str, uploaded: Upload) -> None:
            sent.append(uploaded)
            name = plain(uploaded.name or path)
            again = " (it was there already)" if uploaded.is_duplicate else ""
            if one_line and out.for_people:
                out.found(
                    uploaded,
                    _UPLOADED,
                    fields_of(Upload),
                    line=f"{uploaded.cid}  {name}  {size(uploaded.size)}{again and '  there already'}",
                )
                return
            out.found(uploaded, _UPLOADED, fields_of(Upload))
            if out.for_people:
                click.echo(f"{name}  {size(uploaded.size)}  verified{again}", err=True)

        transfers = Transfers(
            what,
            send,
            arrived,
            again=_upload_again,
            at_once=at_once,
            draw=draw,
            sizes=[_size_of(path) for path in what],
        )
        code = transfers.run()
    if len(what) > 1 and out.for_people and sent:
        total = sum(uploaded.size for uploaded in sent)
        click.echo(f"{summary(len(sent), total, 'uploaded')}, verified", err=True)
    if code == 0 and paths_from:
        forget_list(paths_from)
    return code


def _check_paths(what: Sequence[str], paths_from: str | None, options: dict[str, Any]) -> None:
    """Refuse what makes no sense, before anything is sent."""
    ctx = click.get_current_context()
    if not what:
        said = f"there are no paths in {paths_from}" if paths_from else "there is nothing to upload"
        raise click.UsageError(f"{said}; name a PATH", ctx)
    if len(what) > 1:
        for name in ("name", "url"):
            if options[name]:
                raise click.UsageError(f"--{name} goes with a single PATH", ctx)
    if [*what, paths_from].count("-") > 1:
        raise click.UsageError("standard input can be read only once", ctx)


def _upload_again(left: Sequence[str]) -> str | None:
    """The command that uploads what is left; none where it was standard input, which is gone."""
    if not left or "-" in left:
        return None
    typed = typed_again((), without=("paths_from",))
    many = left_list(left, typed)
    return f"{typed} --paths-from={many}" if many else typed_again(left, without=("paths_from",))


def _size_of(path: str) -> int | None:
    try:
        return None if path == "-" or not Path(path).is_file() else Path(path).stat().st_size
    except (OSError, ValueError):  # what is wrong with it is told when it is read
        return None


def _network(local: str | None, profile: str | None) -> str:
    """The network that the settings name."""
    from pinatakit.settings import Settings

    return "public" if local is not None else Settings.read(profile=profile).network


def _plan(
    out: Output, what: Sequence[str], options: dict[str, Any], take: dict[str, Any], network: str
) -> int:
    """Show what would be sent."""
    from pinatakit.client.uploads import Options, plan

    total = count = 0

    def show(path: str) -> None:
        nonlocal total, count
        source = sys.stdin.buffer if path == "-" else path
        if _ADDRESS.match(path):
            row: dict[str, Any] = {"path": path, "cid": None, "size": None, "name": options["name"]}
            row["number_of_files"] = 1
            click.echo(f"{plain(path)}: its CID is known when it has been fetched", err=True)
        else:
            name = options["name"] or ("stdin" if path == "-" else None)
            asked: dict[str, Any] = options | {"name": name, "network": network}
            planned = plan(source, Options(**asked), **take)
            row = {"path": path, **planned._asdict()}
            total += planned.size
        count += 1
        rows.append(row | {"network": network})

    rows: list[dict[str, Any]] = []
    code = each(what, show)
    out.rows(rows, _PLANNED, [*_PLANNED.split(), "number_of_files", "network"])
    click.echo(f"would upload {count:,} to the {network} network, {size(total)}", err=True)
    return code


# ── download and cat ────────────────────────────────────────────────────────


class _Place(NamedTuple):
    """What somebody wants to have: a root, and the path below it."""

    cid: str
    path: str

    @classmethod
    def read(cls, text: str) -> _Place:
        cid, _, path = text.removeprefix("ipfs://").removeprefix("/ipfs/").partition("/")
        return cls(cid, path)

    @property
    def name(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2] or self.cid


class _Part(NamedTuple):
    """What of a file is fetched, and how: bytes from `start`, which below 0 counts from its end, to `stop`."""

    start: int = 0
    stop: int | None = None
    verify: bool = True
    image: ImageOptions | None = None

    @classmethod
    def read(cls, wanted: str | None, image: Sequence[str], *, verify: bool) -> _Part:
        """As it was typed; a range as HTTP and curl write it: both ends count."""
        options = _read_image(image) if image else None
        verify = verify and options is None
        if wanted is None:
            return cls(verify=verify, image=options)
        parts = re.fullmatch(r"(\d+)-(\d*)|-0*[1-9]\d*", wanted)
        if not parts or (parts[2] and int(parts[2]) < int(parts[1])):
            raise click.BadParameter(
                f"{wanted!r} is no range such as 0-499, 500- or -500",
                click.get_current_context(),
                param_hint="--range",
            )
        if not parts[1]:
            if options:
                raise click.UsageError("where a changed image ends is not known beforehand; take all of it")
            return cls(int(wanted), None, verify, options)
        return cls(int(parts[1]), int(parts[2]) + 1 if parts[2] else None, verify, options)


def _read_image(pairs: Sequence[str]) -> ImageOptions:
    """``width=300,fit=cover``: what stands in addresses as ``img-width`` and so on."""
    import msgspec

    from pinatakit.protocol.gateway import ImageOptions

    asked: dict[str, Any] = read_keyvalues((one for pair in pairs for one in pair.split(",")), "--image")
    known = ImageOptions.__dataclass_fields__
    if unknown := [name for name in asked if name not in known]:
        raise click.BadParameter(
            f"an image has no option {unknown[0]!r}; there are {', '.join(known)}", param_hint="--image"
        )
    if point := re.fullmatch(r"([\d.]+)x([\d.]+)", asked.get("gravity", "")):
        asked["gravity"] = point.groups()
    try:
        return msgspec.convert(asked, ImageOptions, strict=False)
    except msgspec.ValidationError as error:
        raise click.BadParameter(str(error), param_hint="--image") from None


def _part_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--range``, ``--image`` and ``--no-verify``; the command is given the `part`."""

    @wraps(command)
    def run(*args: Any, wanted: str | None, image: Sequence[str], verify: bool, **rest: Any) -> Any:
        return command(*args, part=_Part.read(wanted, image, verify=verify), **rest)

    for option in (
        click.option(
            "--no-verify",
            "verify",
            is_flag=True,
            flag_value=False,
            default=True,
            help="As the gateway serves it.",
        ),
        click.option(
            "--image",
            multiple=True,
            metavar="KEY=VALUE",
            help="Have the gateway change an image: width=300,fit=cover. It cannot be verified then.",
        ),
        click.option(
            "--range",
            "wanted",
            metavar="A-B",
            help="Only the bytes A to B, the first being 0; from A on: A-; the last B: -B.",
        ),
    ):
        run = option(run)
    return run


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="CID[/PATH]... [TO]", shell_complete=of_files)
@click.option("-o", "--output", metavar="TO", help="Where to write it; - is stdout.")
@_part_options
@click.option(
    "--no-resume",
    "resume",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Keep nothing of what was interrupted.",
)
@click.option(
    "--no-clobber",
    "overwrite",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Leave what is there as it is.",
)
@network_option
@transfer_options
@asks
def download(
    pinata: Pinata,
    out: Output,
    what: tuple[str, ...],
    output: str | None,
    part: _Part,
    resume: bool,
    overwrite: bool,
    network: str | None,
    at_once: int,
    draw: bool,
) -> int:
    """Fetch files and folders from the gateway, checking every block.

    They are written to TO, or under their own names to this folder; several go into the folder
    TO. Where TO is -, a file goes to stdout. What was interrupted goes on when it is run again:
    what was checked stays beside TO until it is whole. A file takes the place of one that is there,
    unless --no-clobber is said; a folder goes to a new or an empty place alone.

    \b
    Examples:
      pinatakit download bafybei… site
      pinatakit download bafybei…/images/logo.svg
      pinatakit download bafybei… bafkrei… -o kept --no-clobber
      pinatakit download bafkrei… --range 0-499 -o start.bin
      pinatakit download bafkrei… --image width=300,format=webp -o small.webp
      pinatakit download bafkrei… - | less
    """
    from pinatakit.errors import AlreadyThere
    from pinatakit.targets import check_free

    sources, to = _sources(what, output)
    if to == "-":
        _check_stdout(out, sources)
        _print(pinata, sources[0], network, part)
        return 0
    if len(sources) > 1:
        Path(to or ".").mkdir(parents=True, exist_ok=True)

    def fetch(source: str, progress: Progress) -> Download | Path:
        try:
            return fetch_anew(source, progress)
        except AlreadyThere as error:
            if overwrite:
                raise
            return error.path

    def fetch_anew(source: str, progress: Progress) -> Download:
        cid, path = place = _Place.read(source)
        where = Path(to) if to and len(sources) == 1 else Path(to or ".") / place.name
        if part.start or part.stop is not None:
            where = where / place.name if where.is_dir() else where
            check_free(where, overwrite=overwrite)
            return _fetch_range(pinata, place, where, network, part, progress, overwrite=overwrite)
        return pinata.download(
            cid,
            where,
            path=path,
            network=as_network(network),
            resume=resume,
            overwrite=overwrite,
            verify=part.verify,
            image=part.image,
            progress=progress,
        )

    def arrived(_: str, done: Download | Path) -> None:
        if isinstance(done, Path):
            click.echo(f"{plain(done)} is there already, and stays as it is", err=True)
            return
        row = {"cid": str(done.cid), "path": str(done.path), "size": done.size, "files": done.files}
        out.found(row, _DOWNLOADED, line=plain(done.path))
        if out.for_people:
            files = f"{done.files:,} file{'s' * (done.files != 1)}"
            click.echo(
                f"{files}  {size(done.size)}  {'verified' if part.verify else 'not verified'}", err=True
            )

    def again(left: Sequence[str]) -> str | None:
        if not left or not resume:
            return None
        where = ["-o", to] if to else []
        return typed_again(left, without=("output",), to=where)

    return Transfers(sources, fetch, arrived, again=again, at_once=at_once, draw=draw).run()


def _sources(what: Sequence[str], output: str | None) -> tuple[list[str], str | None]:
    """What is to be fetched, and where to: as of `cp` the last word, unless it is a CID too."""
    sources = list(what)
    if output is None and len(sources) > 1 and not _is_content(sources[-1]):
        output = sources.pop()
    if len({_Place.read(source).name for source in sources}) < len(sources):
        raise click.UsageError("two of these have one name; fetch them to places of their own")
    return sources, output


def _is_content(text: str) -> bool:
    from pinatakit.content import CID
    from pinatakit.errors import InvalidCID

    try:
        CID.parse(_Place.read(text).cid)
    except InvalidCID:
        return text.startswith(("ipfs://", "/ipfs/"))
    return True


def _check_stdout(out: Output, sources: Sequence[str]) -> None:
    if out.format is not None:
        raise click.UsageError("--json and --format tell of a download, and with - its bytes go to stdout")
    if len(sources) > 1:
        raise click.UsageError("only one can go to stdout; `pinatakit cat` prints several")


def _pieces(pinata: Pinata, place: _Place, network: str | None, part: _Part) -> Iterator[bytes]:
    return pinata.read(
        place.cid,
        path=place.path,
        network=as_network(network),
        start=part.start,
        stop=part.stop,
        verify=part.verify,
        image=part.image,
    )


def _print(pinata: Pinata, source: str, network: str | None, part: _Part) -> None:
    for piece in _pieces(pinata, _Place.read(source), network, part):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _fetch_range(
    pinata: Pinata,
    place: _Place,
    to: Path,
    network: str | None,
    part: _Part,
    progress: Progress,
    *,
    overwrite: bool,
) -> Download:
    """Write some bytes of a file, aside until all are there."""
    from secrets import token_hex

    from pinatakit.client import Download
    from pinatakit.content import CID
    from pinatakit.targets import check_free

    aside = to.with_name(f".{to.name[:80]}.{token_hex(4)}.part")
    done = 0
    try:
        with aside.open("xb") as file:
            for piece in _pieces(pinata, place, network, part):
                file.write(piece)
                done += len(piece)
                progress(done, None if part.stop is None else part.stop - part.start)
        check_free(to, overwrite=overwrite)  # something may have come there meanwhile
        aside.replace(to)
    finally:
        aside.unlink(missing_ok=True)
    return Download(CID.parse(place.cid), to, done, 1)


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="CID[/PATH]...", shell_complete=of_files)
@_part_options
@network_option
@asks_plainly
def cat(pinata: Pinata, what: tuple[str, ...], part: _Part, network: str | None) -> int:
    """Print files to stdout, one after the other, checking every block before a byte of it.

    \b
    Examples:
      pinatakit cat bafkrei…
      pinatakit cat bafybei…/README.md | less
      pinatakit cat bafkrei… --range 0-99
    """
    return each(what, lambda source: _print(pinata, source, network, part))
