#include "drawing/contour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

namespace attnscope {
namespace {

// An edge of the grid of cell centres: 2·node for the one to the right of a node, 2·node + 1 for the one above it.
using Edge = std::size_t;

class Tracer {
public:
    explicit Tracer(const Contours& contours) : grid_(contours) {}

    void trace(double level, std::vector<ContourLine>& lines) {
        level_ = level;
        neighbours_.clear();
        for (int j = 0; j + 1 < grid_.height; ++j)
            for (int i = 0; i + 1 < grid_.width; ++i) add_square(i, j);
        // Open pieces first, from their ends; what remains is closed. Edges are visited in order: equal input, equal
        // lines.
        std::vector<Edge> edges;
        for (const auto& [edge, ends] : neighbours_) edges.push_back(edge);
        std::sort(edges.begin(), edges.end());
        for (const bool open : {true, false})
            for (const Edge edge : edges) {
                const Ends& ends = neighbours_.at(edge);
                if (ends.count > 0 && (!open || ends.count == 1)) lines.push_back(follow(edge));
            }
    }

private:
    struct Ends {
        std::array<Edge, 2> to{};
        int count = 0;
    };

    double value(int i, int j) const { return grid_.values[static_cast<std::size_t>(j) * grid_.width + i]; }
    Edge edge(int i, int j, bool up) const { return 2 * (static_cast<std::size_t>(j) * grid_.width + i) + up; }

    void add_square(int i, int j) {
        const double corners[]{value(i, j), value(i + 1, j), value(i + 1, j + 1), value(i, j + 1)};
        int inside = 0;
        for (int k = 0; k < 4; ++k) {
            if (!std::isfinite(corners[k])) return;
            if (corners[k] >= level_) inside |= 1 << k;
        }
        const Edge below = edge(i, j, false), right = edge(i + 1, j, true), above = edge(i, j + 1, false),
                   left = edge(i, j, true);
        switch (inside < 8 ? inside : 15 - inside) {
        case 1: join(left, below); break;
        case 2: join(below, right); break;
        case 3: join(left, right); break;
        case 4: join(right, above); break;
        case 6: join(below, above); break;
        case 7: join(left, above); break;
        case 5: { // a saddle: the middle decides which corners hang together
            const bool high = (corners[0] + corners[1] + corners[2] + corners[3]) / 4 >= level_;
            const bool corner_high = inside == 5;
            if (high == corner_high)
                join(left, above), join(below, right);
            else
                join(left, below), join(right, above);
            break;
        }
        default: break;
        }
    }

    void join(Edge a, Edge b) {
        for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
            Ends& ends = neighbours_[from];
            if (ends.count < 2) ends.to[ends.count++] = to;
        }
    }

    void unjoin(Edge from, Edge to) {
        Ends& ends = neighbours_[from];
        for (int k = 0; k < ends.count; ++k)
            if (ends.to[k] == to) {
                ends.to[k] = ends.to[ends.count - 1];
                --ends.count;
                return;
            }
    }

    ContourLine follow(Edge edge) {
        ContourLine line;
        line.level = level_;
        add_point(line, edge);
        while (neighbours_[edge].count > 0) {
            const Edge next = neighbours_[edge].to[0];
            unjoin(edge, next);
            unjoin(next, edge);
            add_point(line, next);
            edge = next;
        }
        return line;
    }

    void add_point(ContourLine& line, Edge edge) const {
        const int node = static_cast<int>(edge / 2), i = node % grid_.width, j = node / grid_.width;
        const bool up = edge % 2;
        const double from = value(i, j), to = up ? value(i, j + 1) : value(i + 1, j);
        const double share = to == from ? 0.5 : (level_ - from) / (to - from);
        const double column = i + (up ? 0 : share), row = j + (up ? share : 0);
        line.x.push_back(grid_.x_min + (column + 0.5) / grid_.width * (grid_.x_max - grid_.x_min));
        line.y.push_back(grid_.y_min + (row + 0.5) / grid_.height * (grid_.y_max - grid_.y_min));
    }

    const Contours& grid_;
    double level_ = 0;
    std::unordered_map<Edge, Ends> neighbours_;
};

} // namespace

std::vector<ContourLine> contour_lines(const Contours& contours) {
    std::vector<ContourLine> lines;
    if (contours.width < 2 || contours.height < 2 ||
        contours.values.size() != static_cast<std::size_t>(contours.width) * contours.height)
        return lines;
    double low = INFINITY, high = -INFINITY;
    for (const float value : contours.values) {
        if (!std::isfinite(value)) continue;
        low = std::min<double>(low, value);
        high = std::max<double>(high, value);
    }
    if (!(high > low)) return lines;
    Tracer tracer(contours);
    for (int k = 1; k <= contours.levels; ++k) tracer.trace(low + (high - low) * k / (contours.levels + 1), lines);
    return lines;
}

} // namespace attnscope
