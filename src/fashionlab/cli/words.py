"""What is said about a word or an option that a command does not know."""

import click


class Words(click.Group):
    """A group of commands that answers a word it does not know with the nearest ones."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does."""
        from fashionlab.options import unknown_name

        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            sentence = unknown_name("command", args[0], self.list_commands(ctx), ctx.command_path)
            raise click.UsageError(f"{sentence}.", ctx)
        return super().resolve_command(ctx, args)


class RunWords(Words):
    """A group whose command `run` may be left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, after `run` is put in where it was left out."""
        # Imported here, because every command's help waits for this module.
        from difflib import get_close_matches

        from fashionlab.models import REGISTRY

        meant = args and args[0] not in REGISTRY and get_close_matches(args[0], self.commands, cutoff=0.7)
        if not meant and args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)
