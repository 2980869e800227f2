"""`spec-kitty mission`: starts missions."""


def add(groups):
    """Adds the commands to the parser."""
    commands = groups.add_parser("mission", help="missions").add_subparsers(required=True, metavar="COMMAND")
    create = commands.add_parser("create", help="start a mission")
    create.add_argument("name")
    create.set_defaults(run=run_create)


def run_create(arguments):
    """Starts a mission."""
    from specify_cli import missions

    missions.create(arguments.name)
    print(f"mission {arguments.name} created")
    return 0
