#include "state/field_commands.h"

#include "state/command_helpers.h"
#include "state/command_json.h"

#include <cmath>
#include <memory>
#include <utility>

namespace attnscope::ui {

namespace {

/// An argument as a field reads it: whole numbers in a list of numbers are whole.
Json argument_json(const Value& value) {
    const auto* const numbers = std::get_if<std::vector<double>>(&value);
    if (!numbers) return Json(to_json(value));
    Json list = Json::array();
    for (const double number : *numbers) {
        const bool whole = number == std::floor(number) && std::abs(number) < 0x1p53;
        list.push_back(whole ? Json(static_cast<std::int64_t>(number)) : Json(number));
    }
    return list;
}

Value argument_of(const Field& field) {
    const Json json = field.json();
    switch (field.kind()) {
    case Field::Kind::flag: return json.get<bool>();
    case Field::Kind::whole: return json.get<std::int64_t>();
    case Field::Kind::number: return json.get<double>();
    case Field::Kind::choice:
    case Field::Kind::text: return json.get<std::string>();
    case Field::Kind::list: break;
    }
    return json.get<std::vector<double>>();
}

std::string argument_name(const Field& field) {
    if (!field.info().argument.empty()) return field.info().argument;
    if (field.kind() == Field::Kind::flag) return "on";
    const bool is_number = field.kind() == Field::Kind::whole || field.kind() == Field::Kind::number;
    return is_number ? "value" : field.command();
}

Parameter argument(const Field& field) {
    const std::string name = argument_name(field), help = field.info().help + ": " + field.expected();
    switch (field.kind()) {
    case Field::Kind::whole: return integer_parameter(name, help);
    case Field::Kind::number: return number_parameter(name, help);
    case Field::Kind::choice:
    case Field::Kind::text: return text_parameter(name, field.info().help, {}, field.choices());
    case Field::Kind::list: return {Parameter::Type::numbers, name, help, Value(std::vector<double>{}), {}};
    case Field::Kind::flag: break;
    }
    return flag_parameter(name, help);
}

/// Throws Error{usage} where the change makes the options impossible. What was impossible before it is not its fault.
void check_change(const AppState& state, const DescribedOptions& options, const View& changed) {
    if (!options.check) return;
    try {
        options.check(state, changed);
    } catch (const Error& error) {
        try {
            options.check(state, state.view);
        } catch (const Error& before) {
            if (before.subject == error.subject && before.got == error.got) return;
        }
        throw error;
    }
}

/// Puts a value into the field at `index` of the view's options; null switches a flag. `id` is the command that takes
/// the former value back, or switches it.
std::optional<Command> set_field(AppState& state, const DescribedOptions& options, std::size_t index,
                                 const std::string& id, const Json* value) {
    View changed = state.view;
    const Fields fields = options.fields(changed);
    Field& field = *fields[index];
    const Json before = field.json();
    const bool switches = field.kind() == Field::Kind::flag && field.info().toggle.empty();
    Command inverse = switches ? command(id) : command(id, {{argument_name(field), argument_of(field)}});
    try {
        field.read(value ? *value : Json(!before.get<bool>()));
    } catch (const FieldFault& fault) {
        throw Error(ErrorKind::usage, id, fault.expected, fault.got);
    }
    if (field.json() == before) return std::nullopt;
    check_change(state, options, changed);
    state.view = std::move(changed);
    return inverse;
}

using OptionsPtr = std::shared_ptr<const DescribedOptions>;

/// `name` is that of the command, `id` that of the one which undoes it.
CommandSpec switch_command(const OptionsPtr& options, std::size_t index, const Field& field, const std::string& name,
                           const std::string& id) {
    CommandSpec spec;
    spec.id = name;
    spec.title = field.info().title;
    spec.kind = CommandKind::view;
    spec.menu = field.info().menu;
    spec.run = [options, index, id](AppState& state, Services&, const Arguments&) {
        return set_field(state, *options, index, id, nullptr);
    };
    spec.enabled = [options](const AppState& state) { return state.view.workspace == options->workspace; };
    spec.checked = [options, index](const AppState& state) {
        View view = state.view;
        return options->fields(view)[index]->json().get<bool>();
    };
    return spec;
}

CommandSpec value_command(const OptionsPtr& options, std::size_t index, const Field& field, const std::string& id) {
    CommandSpec spec;
    spec.id = id;
    spec.title = field.info().title;
    spec.kind = CommandKind::view;
    spec.parameters = {argument(field)};
    spec.run = [options, index, id, name = argument_name(field)](AppState& state, Services&,
                                                                 const Arguments& arguments) {
        const Json value = argument_json(arguments.at(name));
        return set_field(state, *options, index, id, &value);
    };
    return spec;
}

void add_field_command(CommandRegistry& registry, const OptionsPtr& options, std::size_t index, const Field& field) {
    const std::string id = options->prefix + "." + field.command();
    const std::string& toggle = field.info().toggle;
    if (field.kind() == Field::Kind::flag && toggle.empty())
        return registry.add(switch_command(options, index, field, id, id));
    registry.add(value_command(options, index, field, id));
    if (!toggle.empty()) registry.add(switch_command(options, index, field, options->prefix + "." + toggle, id));
}

} // namespace

void add_field_commands(CommandRegistry& registry, const DescribedOptions& options) {
    const auto shared = std::make_shared<const DescribedOptions>(options);
    View defaults;
    const Fields fields = options.fields(defaults);
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (!fields[i]->info().title.empty()) add_field_command(registry, shared, i, *fields[i]);
}

std::optional<Command> change_view(AppState& state, const DescribedOptions& options,
                                   const std::function<void(View&)>& change) {
    View changed = state.view;
    change(changed);
    if (changed == state.view) return std::nullopt;
    check_change(state, options, changed);
    Command inverse = former_view();
    state.view = std::move(changed);
    return inverse;
}

} // namespace attnscope::ui
