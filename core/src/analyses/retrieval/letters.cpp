// The capital letters as pen strokes in a box: x from 0 to 1, y from 0 (cap height) to 1 (baseline).
#include <attnscope/bank.h>

#include "base/input_error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace attnscope {
namespace {

struct Point {
    double x, y;
};
using Polyline = std::vector<Point>;
struct Letter {
    char name;
    std::vector<Polyline> strokes;
};

Polyline line(std::initializer_list<Point> points) {
    return points;
}

/// Part of an ellipse around (x, y), angles in degrees: 0 to the right, 90 down, 180 to the left.
Polyline arc(double x, double y, double width, double height, double from, double to) {
    constexpr int pieces = 24;
    Polyline points;
    for (int i = 0; i <= pieces; ++i) {
        const double angle = (from + (to - from) * i / pieces) * std::numbers::pi / 180;
        points.push_back({x + width / 2 * std::cos(angle), y + height / 2 * std::sin(angle)});
    }
    return points;
}

Polyline joined(std::initializer_list<Polyline> parts) {
    Polyline whole;
    for (const Polyline& part : parts) whole.insert(whole.end(), part.begin(), part.end());
    return whole;
}

std::vector<Letter> alphabet() {
    const Polyline stem = line({{.14, 0}, {.14, 1}});
    const Polyline upper_bowl =
        joined({line({{.14, 0}, {.5, 0}}), arc(.54, .26, .62, .52, -90, 90), line({{.14, .52}})});
    return {
        {'A', {line({{.04, 1}, {.5, 0}, {.96, 1}}), line({{.2, .66}, {.8, .66}})}},
        {'B',
         {stem, joined({line({{.14, 0}, {.5, 0}}), arc(.54, .235, .54, .47, -90, 90), line({{.14, .47}})}),
          joined({line({{.14, .47}}), arc(.56, .735, .66, .53, -90, 90), line({{.14, 1}})})}},
        {'C', {arc(.54, .5, .92, 1, -50, -310)}},
        {'D', {stem, joined({line({{.14, 0}}), arc(.42, .5, 1, 1, -90, 90), line({{.14, 1}})})}},
        {'E', {line({{.86, 0}, {.14, 0}, {.14, 1}, {.86, 1}}), line({{.14, .49}, {.74, .49}})}},
        {'F', {line({{.86, 0}, {.14, 0}, {.14, 1}}), line({{.14, .49}, {.74, .49}})}},
        {'G',
         {joined({arc(.52, .5, .92, 1, -48, -270), arc(.52, .5, .92, 1, 90, 35), line({{.92, .56}, {.56, .56}})})}},
        {'H', {stem, line({{.86, 0}, {.86, 1}}), line({{.14, .49}, {.86, .49}})}},
        {'I', {line({{.5, 0}, {.5, 1}}), line({{.26, 0}, {.74, 0}}), line({{.26, 1}, {.74, 1}})}},
        {'J', {joined({line({{.72, 0}, {.72, .7}}), arc(.42, .7, .6, .6, 0, 180)}), line({{.44, 0}, {.94, 0}})}},
        {'K', {stem, line({{.88, 0}, {.14, .6}}), line({{.4, .4}, {.92, 1}})}},
        {'L', {line({{.14, 0}, {.14, 1}, {.88, 1}})}},
        {'M', {line({{.06, 1}, {.06, 0}, {.5, .66}, {.94, 0}, {.94, 1}})}},
        {'N', {line({{.12, 1}, {.12, 0}, {.88, 1}, {.88, 0}})}},
        {'O', {arc(.5, .5, .96, 1, 0, 360)}},
        {'P', {stem, upper_bowl}},
        {'Q', {arc(.5, .5, .96, 1, 0, 360), line({{.58, .68}, {.98, 1.04}})}},
        {'R', {stem, upper_bowl, line({{.46, .52}, {.9, 1}})}},
        {'S', {joined({arc(.5, .25, .76, .5, -30, -270), arc(.5, .745, .82, .51, -90, 155)})}},
        {'T', {line({{.04, 0}, {.96, 0}}), line({{.5, 0}, {.5, 1}})}},
        {'U', {joined({line({{.12, 0}, {.12, .6}}), arc(.5, .6, .76, .8, 180, 0), line({{.88, 0}})})}},
        {'V', {line({{.04, 0}, {.5, 1}, {.96, 0}})}},
        {'W', {line({{.0, 0}, {.24, 1}, {.5, .3}, {.76, 1}, {1., 0}})}},
        {'X', {line({{.08, 0}, {.92, 1}}), line({{.92, 0}, {.08, 1}})}},
        {'Y', {line({{.06, 0}, {.5, .5}, {.94, 0}}), line({{.5, .5}, {.5, 1}})}},
        {'Z', {line({{.1, 0}, {.9, 0}, {.1, 1}, {.92, 1}})}},
    };
}

double distance(Point p, Point a, Point b) {
    const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    const double along = square > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0., 1.) : 0;
    return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

/// Ink 1 and paper −1 at the pixels of a side × side grid, with edges one pixel soft; row-major from the top.
void draw(const Letter& letter, int side, float* pixels) {
    // Sizes in pixels. The pen is a ninth of the grid, yet never thinner than a pixel; the box leaves a margin for it.
    const double pen = std::max(1., side / 9.), margin = pen / 2 + side / 16.;
    const double height = side - 2 * margin, width = height * .86, left = (side - width) / 2;
    for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
            const Point centre{x + .5, y + .5};
            double nearest = std::numeric_limits<double>::infinity();
            for (const Polyline& stroke : letter.strokes) {
                for (std::size_t i = 1; i < stroke.size(); ++i) {
                    const Point a{left + width * stroke[i - 1].x, margin + height * stroke[i - 1].y};
                    const Point b{left + width * stroke[i].x, margin + height * stroke[i].y};
                    nearest = std::min(nearest, distance(centre, a, b));
                }
            }
            const double coverage = std::clamp(pen / 2 - nearest + .5, 0., 1.);
            pixels[y * side + x] = static_cast<float>(2 * coverage - 1);
        }
    }
}

} // namespace

std::shared_ptr<const Bank> letters_bank(int side) {
    if (side < 4 || side > 256)
        throw Error(ErrorKind::usage, "letters", "a side of 4 to 256 pixels", std::to_string(side));
    const std::vector<Letter> letters = alphabet();
    const auto d = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
    std::vector<float> keys(letters.size() * d);
    std::string names;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        float* row = keys.data() + i * d;
        draw(letters[i], side, row);
        double square = 0;
        for (std::size_t k = 0; k < d; ++k) square += static_cast<double>(row[k]) * row[k];
        for (std::size_t k = 0; k < d; ++k) row[k] = static_cast<float>(row[k] / std::sqrt(square));
        names += letters[i].name;
        names += '\n';
    }
    return make_bank("letters " + std::to_string(side) + "×" + std::to_string(side), letters.size(), d, std::move(keys),
                     TextTable::from_lines(std::move(names)), side, side);
}

} // namespace attnscope
