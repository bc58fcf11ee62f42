"""``action-recs follow-up``: tagged sessions in, what became of each recommendation out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import AsJson, Overwrite
from action_recs.cli.places import check_new
from action_recs.cli.printing import print_json
from action_recs.errors import ThreadError
from action_recs.linking import follow_up as follow
from action_recs.linking.files import by_client, check_thread_output, read_tagged, write_threads


def follow_up(
    tagged: Annotated[Path, typer.Argument(help="Tagged sessions, as tag -o FILE.jsonl writes them.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help=".jsonl (a client a line), .csv (an item a row), .html (one client's page)."
        ),
    ],
    client: Annotated[str | None, typer.Option(help="Only this client_id.")] = None,
    one_client: Annotated[
        bool, typer.Option("--one-client", help="All sessions are one client's, though they have no client_id.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Link reviews to what was recommended in earlier sessions, and say what was done.

    Sessions are grouped by client_id, and ordered by date, or by the number at the end of their session_id.

    [bold]Examples[/bold]

      action-recs follow-up tagged.jsonl -o threads.jsonl

      action-recs follow-up tagged.jsonl --client c041 -o c041.html
    """
    with one_line_errors():
        check_new(output, overwrite=overwrite)
        sessions = read_tagged(tagged)
        if client is not None:
            sessions = [session for session in sessions if session.client_id == client]
            if not sessions:
                raise ThreadError(f"{tagged}: no session has the client_id given with --client")
        try:
            clients = by_client(sessions, one_client=one_client)
        except ThreadError as error:
            raise ThreadError(f"{tagged}: {error}; add it, or say --one-client") from None
        check_thread_output(output, len(clients))
        threads = []
        for number, some in enumerate(clients):
            try:
                threads.append(follow(some))
            except ThreadError as error:
                raise ThreadError(f"{tagged}: client {number} of the file: {error}") from None
        write_threads(threads, output)
        items = [item for thread in threads for item in thread.items]
        reviewed = sum(bool(item.reviews) for item in items)
        if as_json:
            counts = {"clients": len(threads), "items": len(items), "reviewed": reviewed}
            print_json({"output": str(output), **counts, "exit_code": 0})
            return
        typer.echo(f"{output}: {len(threads)} clients, {len(items)} things recommended, {reviewed} of them reviewed")
