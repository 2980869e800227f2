"""`spec-kitty agent`: what an agent does with work packages."""


def add(groups):
    """Adds the commands to the parser."""
    agent = groups.add_parser("agent", help="commands for agents").add_subparsers(required=True, metavar="COMMAND")
    tasks = agent.add_parser("tasks", help="work packages").add_subparsers(required=True, metavar="COMMAND")
    move = tasks.add_parser("move-task", help="move a work package to another lane")
    move.add_argument("work_package", metavar="WP")
    move.add_argument("--to", required=True, metavar="LANE")
    move.add_argument("--mission", required=True, metavar="NAME")
    move.set_defaults(run=run_move)
    status = tasks.add_parser("status", help="print the lanes as JSON")
    status.add_argument("--mission", required=True, metavar="NAME")
    status.set_defaults(run=run_status)


def run_move(arguments):
    """Moves a work package."""
    from specify_cli import missions

    came_from = missions.move_task(arguments.mission, arguments.work_package, arguments.to)
    print(f"{arguments.work_package}: {came_from} -> {arguments.to}")
    return 0


def run_status(arguments):
    """Prints the lanes."""
    import json

    from specify_cli.status.adapters import StatusAdapter

    print(json.dumps(StatusAdapter(arguments.mission).lanes()))
    return 0
