"""Card JSON 2.0 as tables: which tag may carry which attribute, of which type.

https://open.feishu.cn/document/feishu-cards/card-json-v2-structure and the component pages below
https://open.feishu.cn/document/feishu-cards/card-json-v2-components/component-json-v2-overview

A rule is a type, a frozenset of allowed words, or the name of a shape in ``SHAPES``; in brackets it
is a list of such. ``ELEMENTS`` stands for any component.
"""

from __future__ import annotations

from typing import Any

ELEMENTS = "elements"

TEMPLATES = frozenset(
    [
        "blue",
        "wathet",
        "turquoise",
        "green",
        "yellow",
        "orange",
        "red",
        "carmine",
        "violet",
        "purple",
        "indigo",
        "grey",
        "default",
    ]
)
TAG_COLORS = frozenset(
    [
        "neutral",
        "blue",
        "turquoise",
        "lime",
        "orange",
        "violet",
        "indigo",
        "wathet",
        "green",
        "yellow",
        "red",
        "purple",
        "carmine",
    ]
)
BUTTON_TYPES = frozenset(
    [
        "default",
        "primary",
        "danger",
        "text",
        "primary_text",
        "danger_text",
        "primary_filled",
        "danger_filled",
        "laser",
    ]
)
DIRECTIONS = frozenset({"vertical", "horizontal"})
ACROSS = frozenset({"left", "center", "right"})
DOWN = frozenset({"top", "center", "bottom"})
SIZES = frozenset({"tiny", "small", "medium", "large"})

_PLACED: dict[str, Any] = {"tag": str, "margin": str, "element_id": str}
_BOX: dict[str, Any] = {
    **_PLACED,
    "direction": DIRECTIONS,
    "padding": str,
    "horizontal_spacing": str,
    "horizontal_align": ACROSS,
    "vertical_spacing": str,
    "vertical_align": DOWN,
    "elements": [ELEMENTS],
}
_URLS: dict[str, Any] = {"url": str, "pc_url": str, "ios_url": str, "android_url": str}
_FIELD: dict[str, Any] = {
    **_PLACED,
    "name": str,
    "required": bool,
    "disabled": bool,
    "disabled_tips": "plain",
    "placeholder": "plain",
    "width": str,
    "confirm": "confirm",
    "behaviors": ["behavior"],
    "value": (dict, str),
    "type": str,
}
_PICKED: dict[str, Any] = {**_FIELD, "options": ["option"]}

CARD: dict[str, Any] = {
    "schema": str,
    "config": "config",
    "card_link": "urls",
    "header": "header",
    "body": "body",
}

SHAPES: dict[str, dict[str, Any]] = {
    "config": {
        "streaming_mode": bool,
        "streaming_config": dict,
        "summary": "summary",
        "locales": [str],
        "enable_forward": bool,
        "update_multi": bool,
        "width_mode": frozenset({"default", "compact", "fill"}),
        "use_custom_translation": bool,
        "enable_forward_interaction": bool,
        "style": dict,
    },
    "summary": {"content": str, "i18n_content": dict},
    "urls": _URLS,
    "header": {
        "title": "text",
        "subtitle": "text",
        "text_tag_list": ["text_tag"],
        "i18n_text_tag_list": dict,
        "template": TEMPLATES,
        "icon": "icon",
        "padding": str,
    },
    "body": {key: rule for key, rule in _BOX.items() if key not in _PLACED},
    "plain": {
        "tag": frozenset({"plain_text"}),
        "content": str,
        "i18n_content": dict,
        "element_id": str,
    },
    "text": {
        "tag": frozenset({"plain_text", "lark_md"}),
        "content": str,
        "i18n_content": dict,
        "element_id": str,
        "text_size": str,
        "text_color": str,
        "text_align": ACROSS,
        "lines": int,
    },
    "text_tag": {
        "tag": frozenset({"text_tag"}),
        "element_id": str,
        "text": "plain",
        "color": TAG_COLORS,
    },
    "icon": {
        "tag": frozenset({"standard_icon", "custom_icon"}),
        "token": str,
        "color": str,
        "img_key": str,
        "size": str,
    },
    "confirm": {"title": "plain", "text": "plain"},
    "behavior": {
        "type": frozenset({"callback", "open_url"}),
        "value": dict,
        "default_url": str,
        "pc_url": str,
        "ios_url": str,
        "android_url": str,
    },
    "option": {"text": "plain", "icon": "icon", "value": str},
    "person_id": {"id": str},
    "image_key": {"img_key": str},
    "panel_header": {
        "title": "panel_title",
        "background_color": str,
        "vertical_align": DOWN,
        "padding": str,
        "position": str,
        "width": str,
        "icon": "icon",
        "icon_position": str,
        "icon_expanded_angle": int,
    },
    "panel_title": {
        "tag": frozenset({"plain_text", "markdown"}),
        "content": str,
        "i18n_content": dict,
        "text_size": str,
        "text_color": str,
    },
    "border": {"color": str, "corner_radius": str},
    "table_column": {
        "name": str,
        "display_name": str,
        "width": str,
        "vertical_align": DOWN,
        "horizontal_align": ACROSS,
        "data_type": frozenset(
            ["text", "lark_md", "options", "number", "persons", "date", "markdown"]
        ),
        "format": dict,
        "date_format": str,
    },
    "column": {
        **_BOX,
        "width": str,
        "weight": int,
        "background_style": str,
        "action": dict,
    },
}

COMPONENTS: dict[str, dict[str, Any]] = {
    "markdown": {**_PLACED, "content": str, "text_size": str, "text_align": ACROSS, "icon": "icon"},
    "div": {**_PLACED, "text": "text", "width": str, "icon": "icon"},
    "hr": _PLACED,
    "img": {
        **_PLACED,
        "img_key": str,
        "alt": "plain",
        "title": "plain",
        "transparent": bool,
        "preview": bool,
        "corner_radius": str,
        "scale_type": str,
        "size": str,
        "mode": str,
    },
    "img_combination": {
        **_PLACED,
        "combination_mode": str,
        "combination_transparent": bool,
        "corner_radius": str,
        "img_list": ["image_key"],
    },
    "person": {
        **_PLACED,
        "user_id": str,
        "size": str,
        "show_avatar": bool,
        "show_name": bool,
        "style": str,
    },
    "person_list": {
        **_PLACED,
        "persons": ["person_id"],
        "size": str,
        "show_name": bool,
        "show_avatar": bool,
        "lines": int,
        "drop_invalid_user_id": bool,
        "icon": "icon",
    },
    "chart": {
        **_PLACED,
        "chart_spec": dict,
        "aspect_ratio": str,
        "color_theme": str,
        "preview": bool,
        "height": str,
    },
    "table": {
        **_PLACED,
        "page_size": int,
        "row_height": str,
        "row_max_height": str,
        "freeze_first_column": bool,
        "header_style": dict,
        "columns": ["table_column"],
        "rows": [dict],
    },
    "column_set": {
        **_PLACED,
        "horizontal_spacing": str,
        "horizontal_align": ACROSS,
        "vertical_align": DOWN,
        "flex_mode": frozenset(["none", "stretch", "flow", "bisect", "trisect"]),
        "background_style": str,
        "columns": ["column"],
        "action": dict,
    },
    "form": {**_BOX, "name": str, "confirm": "confirm"},
    "interactive_container": {
        **_BOX,
        "name": str,
        "width": str,
        "height": str,
        "background_style": str,
        "has_border": bool,
        "border_color": str,
        "corner_radius": str,
        "behaviors": ["behavior"],
        "disabled": bool,
        "disabled_tips": "plain",
        "hover_tips": "plain",
        "confirm": "confirm",
    },
    "collapsible_panel": {
        **_BOX,
        "expanded": bool,
        "background_color": str,
        "header": "panel_header",
        "border": "border",
    },
    "button": {
        **_PLACED,
        "type": BUTTON_TYPES,
        "size": SIZES,
        "width": str,
        "text": "plain",
        "icon": "icon",
        "hover_tips": "plain",
        "disabled": bool,
        "disabled_tips": "plain",
        "confirm": "confirm",
        "behaviors": ["behavior"],
        "name": str,
        "required": bool,
        "form_action_type": frozenset({"submit", "reset"}),
        "value": dict,
    },
    "input": {
        **_FIELD,
        "default_value": str,
        "max_length": int,
        "input_type": frozenset({"text", "multiline_text", "password"}),
        "show_icon": bool,
        "rows": int,
        "auto_resize": bool,
        "max_rows": int,
        "label": "plain",
        "label_position": frozenset({"top", "left"}),
    },
    "overflow": {
        **_PLACED,
        "name": str,
        "width": str,
        "options": [dict],
        "value": dict,
        "confirm": "confirm",
    },
    "select_static": {**_PICKED, "initial_option": str, "initial_index": int},
    "multi_select_static": {**_PICKED, "selected_values": [str]},
    "select_person": {**_PICKED, "initial_option": str},
    "multi_select_person": {**_PICKED, "selected_values": [str]},
    "date_picker": {**_FIELD, "initial_date": str},
    "picker_time": {**_FIELD, "initial_time": str},
    "picker_datetime": {**_FIELD, "initial_datetime": str},
    "select_img": {
        **_FIELD,
        "multi_select": bool,
        "layout": str,
        "can_preview": bool,
        "aspect_ratio": str,
        "options": [dict],
    },
    "checker": {
        **_PLACED,
        "name": str,
        "checked": bool,
        "disabled": bool,
        "text": "text",
        "overall_checkable": bool,
        "button_area": dict,
        "checked_style": dict,
        "padding": str,
        "confirm": "confirm",
        "behaviors": ["behavior"],
        "hover_tips": "plain",
        "disabled_tips": "plain",
    },
}

GONE_IN_V2 = frozenset({"action", "note"})
CONTAINERS = frozenset({"column_set", "form", "interactive_container", "collapsible_panel"})
NOT_IN_FORM = frozenset({"table", "chart", "form"})
FIELDS = frozenset(
    [
        "input",
        "select_static",
        "multi_select_static",
        "select_person",
        "multi_select_person",
        "date_picker",
        "picker_time",
        "picker_datetime",
        "select_img",
        "checker",
    ]
)
REQUIRED: dict[str, tuple[str, ...]] = {
    "markdown": ("content",),
    "form": ("name", "elements"),
    "column_set": ("columns",),
    "table": ("columns",),
    "person": ("user_id",),
    "img": ("img_key",),
    "plain": ("tag", "content"),
    "text": ("tag", "content"),
    "header": ("title",),
    "behavior": ("type",),
    "text_tag": ("tag", "text"),
}
