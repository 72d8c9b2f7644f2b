"""The text of a template as a ``model.Template``; everything that is wrong with it is said at once.

Keywords are taken in any case, as OOS takes names; a key that means nothing is a fault, for what is
misspelt would silently not happen.
"""

from __future__ import annotations

import re

from bot import regexes, source
from bot.oos.template import model, names, reading, sheet, tasks
from bot.source import suggest

FORMAT = "OOS-2019-06-01"
_STATE = FORMAT + "-State"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")

_TEMPLATE = sheet.keys(
    "FormatVersion", "Description", "Parameters", "RamRole", "Tasks", "Outputs", "Metadata",
    "Conditions",
)  # fmt: skip
_STATES = sheet.keys("FormatVersion", "Description", "Parameters", "States", "Metadata")
_PARAMETER = sheet.keys(
    "Type", "Description", "Label", "Default", "AllowedValues", "AllowedPattern", "MinLength",
    "MaxLength", "MinValue", "MaxValue", "NoEcho", "ConstraintDescription", "AssociationProperty",
    "AssociationPropertyMetadata", "Required", "Placeholder", "Confirm", "TextArea",
)  # fmt: skip
_OUTPUT = sheet.keys("Type", "Value", "Description", "Label")


def parse(text: str | bytes, name: str, file: str) -> model.Template:
    """The template. ``file`` is what faults call it. Invalid: every fault, in the order of
    the file."""
    template, faults = recovered(text, name, file)
    if faults or template is None:
        raise source.Invalid(*faults)
    return template


def recovered(
    text: str | bytes, name: str, file: str
) -> tuple[model.Template | None, list[source.Fault]]:
    """The template as far as it can be read (None: not at all), and every fault of reading it, in
    the order of the file. With faults it is for ``validate`` only, to find the others, too."""
    try:
        root, positions, twice, plain = reading.read(text, file)
    except source.Invalid as error:
        return None, [error.fault]
    page = sheet.Sheet(positions, twice)
    template = _template(page, root, name, plain)
    return template, in_order(page.faults)


def together(results: list[source.Fault], checked: list[source.Fault]) -> list[source.Fault]:
    """The faults of reading a template and of validating it, in the order of the file. What was
    said of a place when it was read is not said in other words."""
    said = {(fault.mark.line, fault.mark.column) for fault in results}
    more = [fault for fault in checked if (fault.mark.line, fault.mark.column) not in said]
    return in_order([*results, *more])


def in_order(faults: list[source.Fault]) -> list[source.Fault]:
    """Faults as they stand in the file, each once."""
    unique = dict.fromkeys(faults)
    return sorted(unique, key=lambda fault: (fault.mark.file, fault.mark.line, fault.mark.column))


def _template(page: sheet.Sheet, root: object, name: str, plain: str) -> model.Template | None:
    if not isinstance(root, dict):
        page.fault("", f"expected a template (FormatVersion, Tasks, …), found {names.kind(root)}")
        return None
    version = _version(page, root)
    stated = version == _STATE
    fields = page.fields(root, "", _STATES if stated else _TEMPLATE, "a template")
    return model.Template(
        name=name,
        source=plain,
        description=page.described(fields, "Description"),
        parameters=_parameters(page, fields),
        tasks=() if stated else tasks.tasks(page, fields),
        outputs=page.outputs(fields, _OUTPUT, "an output", "Value"),
        ram_role=_ram_role(page, fields),
        marks=page.places,
        format_version=version,
        conditions=page.mapping(fields, "Conditions"),
        states=tasks.states(page, fields) if stated else (),
    )


def _version(page: sheet.Sheet, root: dict[str, object]) -> str:
    key = next((key for key in root if model.fold(key) == "formatversion"), None)
    if key is None:  # it may be misspelt
        near = ((one, suggest.nearest(one, _TEMPLATE.values())) for one in root)
        key = next((one for one, meant in near if meant == "FormatVersion"), None)
    if key is None:
        page.fault("", f"expected `FormatVersion: {FORMAT}`")
        return FORMAT
    version = root[key]
    if version not in (FORMAT, _STATE):
        shown = f"`{version}`" if isinstance(version, str) else names.kind(version)
        page.fault(key, f"expected the FormatVersion `{FORMAT}`, found {shown}")
        return FORMAT
    return str(version)


def _ram_role(page: sheet.Sheet, fields: sheet.Fields) -> object:
    """A name, or an expression that gives one."""
    path, value = fields.get("RamRole", ("RamRole", ""))
    if value is not None and not isinstance(value, (str, dict)):
        page.fault(path, f"expected the name of a RAM role, found {names.kind(value)}")
    return "" if value is None else value


# ----------------------------------------------------------------------------- parameters


def _parameters(page: sheet.Sheet, fields: sheet.Fields) -> tuple[model.Parameter, ...]:
    items = []
    for name, path, value in page.entries(fields, "Parameters"):
        if not _NAME.fullmatch(name):
            page.fault(path, f"`{name}`: a parameter's name is letters, digits, - and _", key=True)
        elif isinstance(value, dict):
            items.append(_parameter(page, name, path, value))
        else:
            expected = "expected a mapping with the Type of the parameter"
            page.fault(path, f"`{name}`: {expected}, found {names.kind(value)}")
            items.append(_parameter(page, name, path, {}))
    page.unique([(item.name, item.mark) for item in items], "parameter")
    return tuple(items)


def _parameter(
    page: sheet.Sheet, name: str, path: str, value: dict[str, object]
) -> model.Parameter:
    fields = page.fields(value, path, _PARAMETER, "a parameter")
    default = fields.get("Default", ("", None))[1]
    pattern = page.text(fields, "AllowedPattern")
    if pattern and not _check_pattern(page, fields["AllowedPattern"][0], pattern):
        pattern = ""
    parameter = model.Parameter(
        name=name,
        type=page.type(fields, "Type"),
        mark=page.places.key(path),
        required=default is None,
        default=default,
        description=page.described(fields, "Description"),
        allowed_values=_allowed(page, fields),
        allowed_pattern=pattern,
        min_length=page.count(fields, "MinLength"),
        max_length=page.count(fields, "MaxLength"),
        min_value=page.number(fields, "MinValue"),
        max_value=page.number(fields, "MaxValue"),
        no_echo=page.flag(fields, "NoEcho"),
        association=page.text(fields, "AssociationProperty"),
        constraint=page.said(fields, "ConstraintDescription"),
        label=page.described(fields, "Label"),
        association_metadata=page.mapping(fields, "AssociationPropertyMetadata"),
    )
    _check_ranges(page, parameter, fields)
    return parameter


def _allowed(page: sheet.Sheet, fields: sheet.Fields) -> tuple[object, ...]:
    path, value = fields.get("AllowedValues", ("", None))
    if value is None:
        return ()
    if not isinstance(value, list):
        page.fault(path, f"AllowedValues: expected a list, found {names.kind(value)}")
        return ()
    return tuple(value)


def _check_pattern(page: sheet.Sheet, path: str, pattern: str) -> bool:
    """False: it is none here; where OOS knows it, OOS holds values against it."""
    try:
        regexes.compiled(pattern)
    except regexes.Invalid as error:
        said = f"AllowedPattern: `{pattern}` is no regular expression: {error}"
        page.fault(path, model.Local(said))
        return False
    return True


def _check_ranges(page: sheet.Sheet, parameter: model.Parameter, fields: sheet.Fields) -> None:
    for low, high, below, above in (
        ("MinLength", "MaxLength", parameter.min_length, parameter.max_length),
        ("MinValue", "MaxValue", parameter.min_value, parameter.max_value),
    ):
        if below is not None and above is not None and below > above:
            page.fault(fields[low][0], f"`{parameter.name}`: {low} is greater than {high}")
