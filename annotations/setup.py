"""A Label Studio project whose labels, roles and instructions are this repository's."""

from collections import defaultdict
from typing import TYPE_CHECKING

from annotations.interface import instructions, label_config, label_names
from annotations.labels import LabelSet, default_labels
from annotations.studio import Project, Settings, StudioError, create, find

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio


def set_up(client: "LabelStudio", url: str, title: str, labels: LabelSet, annotators: int = 1) -> tuple[Project, bool]:
    """The project of this title or number, brought up to date, or a new one of this title; and whether it is new. Each
    task is offered to so many annotators.

    Raises StudioError, which names them, where labels or roles would vanish that annotations use.
    """
    config = label_config(labels)
    settings = Settings(label_config=config, expert_instruction=instructions(), maximum_annotations=annotators)
    project = find(client, url, title)
    if project is None:
        return create(client, url, title, settings), True
    labels_now, roles_now = label_names(project.config())
    labels_then, roles_then = label_names(config)
    orphans = _used(project, (labels_now | roles_now) - (labels_then | roles_then))
    if orphans:
        named = "; ".join(f"{name} in {len(tasks)} tasks, such as {tasks[0]}" for name, tasks in orphans.items())
        raise StudioError(
            f"{project.link}: annotations use what the label set no longer has: {named}. "
            "Change them there first, or keep the labels"
        )
    project.configure(settings)
    return project, False


def check_labels(project: Project) -> None:
    """Raises StudioError where the project's configuration lacks a label or a role: tasks with it would not show."""
    labels, roles = label_names(project.config())
    ours = default_labels()
    if missing := {*ours.names(), *(role.name for role in ours.roles)} - labels - roles:
        raise StudioError(
            f"{project.link} has no {', '.join(sorted(missing))}: bring it up to date with `malimet label init`"
        )


def _used(project: Project, names: set[str]) -> dict[str, list[str]]:
    """Those labels and roles that annotations or drafts use, with the addresses of their tasks."""
    tasks: dict[str, list[str]] = defaultdict(list)
    for task in project.tasks(annotated=True) if names else ():
        results = (item for kind in ("annotations", "drafts") for each in task[kind] for item in each["result"])
        carried = {
            name for item in results for name in (*item.get("labels", ()), *item.get("value", {}).get("labels", ()))
        }
        for name in sorted(carried & names):
            tasks[name].append(project.task_link(task["id"]))
    return tasks
