#include "cli/field_options.h"

#include "cli/common_options.h"

#include <attnscope/error.h>

#include <algorithm>
#include <memory>

namespace attnscope::cli {
namespace {

std::string option_names(const Field& field) {
    const std::string& synonym = field.info().synonym;
    return synonym.empty() ? field.option() : field.option() + ",--" + synonym;
}

std::string help_text(const Field& field) {
    const FieldInfo& info = field.info();
    const std::string absent = info.absent.empty() ? field.text() : info.absent;
    return absent.empty() ? info.help : info.help + " (" + absent + ")";
}

} // namespace

void add_fields(CLI::App& app, Fields fields, const std::string& group, std::initializer_list<std::string_view> without,
                const std::function<void()>& given) {
    for (auto& owned : fields) {
        const bool left_out = std::ranges::find(without, owned->info().name) != without.end();
        if (left_out || owned->option().empty()) continue;
        const std::shared_ptr<Field> field = std::move(owned);
        if (field->kind() == Field::Kind::flag) {
            const auto set = [field, given](std::int64_t count) {
                field->read((count > 0) != field->info().negated);
                if (given) given();
            };
            app.add_flag_function(option_names(*field), set, field->info().help)->group(group);
            continue;
        }
        const auto read = [field, given](const std::string& text) {
            try {
                field->parse(text);
            } catch (const FieldFault& fault) {
                throw Error(ErrorKind::usage, field->option(), fault.expected, fault.got);
            }
            if (given) given();
        };
        add_value(app, option_names(*field), field->type(), help_text(*field), read)->group(group);
    }
}

} // namespace attnscope::cli
