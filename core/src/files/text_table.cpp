#include <attnscope/bank.h>

namespace attnscope {

TextTable TextTable::from_lines(std::string lines) {
    TextTable table;
    table.buffer_ = std::move(lines);
    // A line feed ends a line, so text after the last one is a line of its own.
    table.begin_.push_back(0);
    for (std::size_t i = 0; i < table.buffer_.size(); ++i)
        if (table.buffer_[i] == '\n' || i + 1 == table.buffer_.size()) table.begin_.push_back(i + 1);
    return table;
}

std::string_view TextTable::line(std::size_t i) const {
    ATTNSCOPE_ASSERT(i < size());
    std::string_view line = std::string_view(buffer_).substr(begin_[i], begin_[i + 1] - begin_[i]);
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string_view TextTable::label(std::size_t i) const {
    const std::string_view whole = line(i);
    const std::size_t tab = whole.find('\t');
    return tab == std::string_view::npos ? std::string_view() : whole.substr(0, tab);
}

std::string_view TextTable::text(std::size_t i) const {
    const std::string_view whole = line(i);
    return whole.substr(whole.find('\t') + 1); // npos + 1 is 0: no tab, the whole line
}

} // namespace attnscope
