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
