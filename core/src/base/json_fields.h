// Fields of a result that may come from a stranger: what is not as it should be is named with its place.
#pragma once

#include "base/json_text.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace attnscope {

/// Reads fields of objects that lie at `where` of the file `subject`, which outlives this. All throw Error{input}.
class JsonFields {
public:
    JsonFields(std::string where, const std::string& subject) : where_(std::move(where)), subject_(subject) {}

    [[noreturn]] void fail(const std::string& expected, const std::string& got, const std::string& name) const;
    /// One that has to be there.
    const Json& field(const Json& object, const char* name) const;
    const Json& list(const Json& object, const char* name, std::size_t most) const;
    int whole(const Json& object, const char* name, int least, int most) const;
    std::string text(const Json& object, const char* name) const;
    /// NaN for null.
    double number(const Json& value, const std::string& name) const;
    std::vector<double> numbers(const Json& list, const std::string& name) const;

private:
    std::string where_;
    const std::string& subject_;
};

} // namespace attnscope
