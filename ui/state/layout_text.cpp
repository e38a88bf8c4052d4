#include "state/layout_text.h"

#include <attnscope/error.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace attnscope::ui {

namespace {

constexpr std::size_t most_layout_bytes = std::size_t{1} << 20, most_entries = 2000, most_name_bytes = 256;
constexpr int farthest_pixel = 32767; // ImGui keeps 16 bits
constexpr int deepest_node = 32, most_table_columns = 64;

/// What is left of a line.
class LineReader {
public:
    LineReader(std::string_view line, std::size_t number) : rest_(line), number_(number) {}

    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
    bool at_end() {
        skip_blanks();
        return rest_.empty();
    }
    /// Takes the word if it comes next.
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    /// " NAME=", which fields of a line begin with.
    bool take_field(std::string_view name) {
        const std::string_view before = rest_;
        skip_blanks();
        if (take(name) && take("=")) return true;
        rest_ = before;
        return false;
    }
    /// 0x and up to 8 digits.
    std::uint32_t id() {
        if (!take("0x")) fail("a number such as 0x00000001");
        return digits();
    }
    std::uint32_t digits() {
        std::uint32_t value = 0;
        const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, 16);
        if (failure != std::errc{} || end - rest_.data() > 8) fail("up to 8 hexadecimal digits");
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }
    int whole(int least, int most) {
        int value = 0;
        const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (failure != std::errc{} || value < least || value > most)
            fail(std::to_string(least) + " to " + std::to_string(most));
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }
    void pair(int least, int most) {
        whole(least, most);
        if (!take(",")) fail("two numbers with a comma");
        whole(least, most);
    }
    void number(double least, double most) {
        double value = 0;
        const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (failure != std::errc{} || !(value >= least && value <= most)) fail("a number within its range");
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    }
    std::optional<char> letter() {
        if (rest_.empty()) return std::nullopt;
        const char first = rest_.front();
        rest_.remove_prefix(1);
        return first;
    }
    void end() {
        if (!at_end()) fail("the end of the line");
    }
    [[noreturn]] void fail(const std::string& expected) const {
        throw Error(ErrorKind::input, "layout", expected, rest_.empty() ? "nothing" : std::string(rest_.substr(0, 40)),
                    "line " + std::to_string(number_));
    }

private:
    std::string_view rest_;
    std::size_t number_;
};

struct DockNode {
    std::uint32_t parent = 0, root = 0;
    bool split = false, central = false;
    int children = 0, depth = 0;
    std::size_t line = 0;
};

class LayoutReader {
public:
    explicit LayoutReader(std::span<const std::uint32_t> roots) : roots_(roots) {}

    void read(std::string_view text) {
        if (text.size() > most_layout_bytes)
            throw Error(ErrorKind::input, "layout", "at most " + std::to_string(most_layout_bytes) + " bytes",
                        std::to_string(text.size()));
        if (text.find('\0') != std::string_view::npos) throw Error(ErrorKind::input, "layout", "a text", "a zero byte");
        std::size_t number = 0;
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            std::string_view line = text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (line.ends_with('\r')) line.remove_suffix(1);
            read_line(line, ++number);
        }
        check_nodes();
    }

    /// What was read, windows first as ImGui writes it.
    std::string text() const {
        std::string out;
        for (const Entry& entry : entries_) {
            out += entry.header + "\n";
            for (const std::string& line : entry.lines) out += line + "\n";
            if (entry.dock_id != 0 && can_hold_windows(entry.dock_id)) out += entry.dock_line + "\n";
            out += "\n";
        }
        return out;
    }

private:
    enum class Section { none, window, docking, table };
    struct Entry {
        std::string header, dock_line;
        std::vector<std::string> lines;
        std::uint32_t dock_id = 0;
    };

    void read_line(std::string_view line, std::size_t number) {
        if (line.starts_with('[') && line.ends_with(']')) return open_section(line, number);
        if (line.empty() || section_ == Section::none) return;
        LineReader reader(line, number);
        switch (section_) {
        case Section::window: read_window(line, reader); break;
        case Section::docking: read_node(line, reader, number); break;
        case Section::table: read_column(line, reader); break;
        case Section::none: break;
        }
    }

    void open_section(std::string_view line, std::size_t number) {
        section_ = Section::none;
        LineReader reader(line.substr(0, line.size() - 1), number);
        if (reader.take("[Window][")) {
            const std::string_view name = line.substr(9, line.size() - 10);
            if (name.empty() || name.size() > most_name_bytes) reader.fail("a window's name");
            section_ = Section::window;
        } else if (line == "[Docking][Data]") {
            section_ = Section::docking;
        } else if (reader.take("[Table][")) {
            reader.id();
            if (!reader.take(",")) reader.fail("a number of columns");
            columns_ = reader.whole(1, most_table_columns);
            reader.end();
            section_ = Section::table;
        } else {
            return;
        }
        entries_.push_back({std::string(line), "", {}, 0});
        if (entries_.size() > most_entries) reader.fail("at most " + std::to_string(most_entries) + " entries");
    }

    void keep(std::string_view line) { entries_.back().lines.emplace_back(line); }

    void read_window(std::string_view line, LineReader& reader) {
        Entry& entry = entries_.back();
        if (entry.lines.size() > 16) reader.fail("no more about this window");
        if (reader.take_field("DockId")) {
            entry.dock_id = reader.id();
            if (reader.take(",")) reader.whole(-1, static_cast<int>(most_entries));
            entry.dock_line = line;
            return reader.end();
        }
        if (reader.take_field("Pos") || reader.take_field("ViewportPos"))
            reader.pair(-farthest_pixel, farthest_pixel);
        else if (reader.take_field("Size"))
            reader.pair(0, farthest_pixel);
        else if (reader.take_field("Collapsed") || reader.take_field("IsChild"))
            reader.whole(0, 1);
        else if (reader.take_field("ViewportId") || reader.take_field("ClassId"))
            reader.id();
        else
            return; // of a later version
        reader.end();
        keep(line);
    }

    void read_node(std::string_view line, LineReader& reader, std::size_t number) {
        reader.skip_blanks();
        const bool space = reader.take("DockSpace");
        if (!space && !reader.take("DockNode")) return;
        if (!reader.take_field("ID")) reader.fail("ID=");
        const std::uint32_t id = reader.id();
        DockNode node;
        node.line = number;
        node.root = id;
        if (reader.take_field("Parent")) {
            node.parent = reader.id();
            if (node.parent == 0) reader.fail("a parent's number");
        }
        if (reader.take_field("Window") && reader.id() == 0) reader.fail("a window's number");
        if (node.parent == 0) {
            if (!reader.take_field("Pos")) reader.fail("Pos=");
            reader.pair(-farthest_pixel, farthest_pixel);
            if (!reader.take_field("Size")) reader.fail("Size=");
            reader.pair(0, farthest_pixel);
        } else if (reader.take_field("SizeRef")) {
            reader.pair(0, farthest_pixel);
        }
        if (reader.take_field("Split")) {
            const auto axis = reader.letter();
            if (axis != 'X' && axis != 'Y') reader.fail("Split=X or Split=Y");
            node.split = true;
        }
        for (const char* flag :
             {"NoResize", "CentralNode", "NoTabBar", "HiddenTabBar", "NoWindowMenuButton", "NoCloseButton"})
            if (reader.take_field(flag) && reader.whole(0, 1) == 1 && std::string_view(flag) == "CentralNode")
                node.central = true;
        if (reader.take_field("Selected")) reader.id();
        reader.end();
        place(id, node, space, reader);
        keep(line);
    }

    /// A parent is said before its children, as ImGui writes them: so no node can be above itself.
    void place(std::uint32_t id, DockNode& node, bool space, const LineReader& reader) {
        if (id == 0 || nodes_.contains(id)) reader.fail("a number of its own for every node");
        if (nodes_.size() >= most_entries) reader.fail("at most " + std::to_string(most_entries) + " nodes");
        if (node.parent != 0) {
            const auto parent = nodes_.find(node.parent);
            if (parent == nodes_.end()) reader.fail("a parent that was said before");
            if (space || std::ranges::find(roots_, id) != roots_.end())
                reader.fail("a dock space that is in no other node");
            node.root = parent->second.root;
            node.depth = parent->second.depth + 1;
            if (node.depth > deepest_node)
                reader.fail("at most " + std::to_string(deepest_node) + " nodes in each other");
            ++parent->second.children;
        }
        nodes_[id] = node;
    }

    void check_nodes() const {
        const auto fail = [](const DockNode& node, const char* expected, const std::string& got) {
            throw Error(ErrorKind::input, "layout", expected, got, "line " + std::to_string(node.line));
        };
        std::set<std::uint32_t> with_centre;
        for (const auto& [id, node] : nodes_) {
            if (node.children != (node.split ? 2 : 0))
                fail(node, node.split ? "a split node of two others" : "nodes in a split one alone",
                     std::to_string(node.children));
            if (!node.central) continue;
            if (node.split) fail(node, "a central node that is not split", "a split one");
            if (!with_centre.insert(node.root).second) fail(node, "one central node of a dock space", "another");
        }
    }

    bool can_hold_windows(std::uint32_t id) const {
        const auto node = nodes_.find(id);
        return node != nodes_.end() && !node->second.split;
    }

    void read_column(std::string_view line, LineReader& reader) {
        if (entries_.back().lines.size() > static_cast<std::size_t>(most_table_columns))
            reader.fail("no more about this table");
        if (reader.take_field("RefScale")) {
            reader.number(1, 1000); // pixels of a line of text
        } else if (reader.take("Column")) {
            reader.skip_blanks();
            reader.whole(0, columns_ - 1);
            if (reader.take_field("UserID")) {
                reader.take("0x"); // which ImGui reads and does not write
                reader.digits();
            }
            if (reader.take_field("Width")) reader.whole(0, farthest_pixel);
            if (reader.take_field("Weight")) reader.number(0, farthest_pixel);
            if (reader.take_field("Visible")) reader.whole(0, 1);
            if (reader.take_field("Order")) reader.whole(0, columns_ - 1);
            if (reader.take_field("Sort")) {
                reader.whole(0, columns_ - 1);
                const auto direction = reader.letter();
                if (direction != 'v' && direction != '^') reader.fail("v or ^");
            }
        } else {
            return;
        }
        reader.end();
        keep(line);
    }

    std::span<const std::uint32_t> roots_;
    Section section_ = Section::none;
    std::vector<Entry> entries_;
    std::map<std::uint32_t, DockNode> nodes_;
    int columns_ = 0;
};

} // namespace

std::string usable_layout(std::string_view text, std::span<const std::uint32_t> roots) {
    LayoutReader reader(roots);
    reader.read(text);
    return reader.text();
}

} // namespace attnscope::ui
