// Numbers of sessions: each is taken as it is or refused by its name. None is cut to size in silence.
#include "state/command_json.h"
#include "state/session.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>

namespace attnscope::ui {
namespace {

using nlohmann::json;

/// A session with every number that one has.
AppState full_state() {
    AppState state;
    Source bank;
    bank.id = 1;
    bank.name = "drawn";
    bank.bank = make_bank("drawn", 2, 4, {1, 2, 3, 4, 5, 6, 7, 8}, TextTable::from_lines("a\nb\n"), 2, 2);
    state.sources.push_back(bank);
    state.view.selection.bank = 1;
    state.view.selection.memory = 1;
    state.view.selection.query = {QueryChoice::Kind::drawing, 0, 1, {0.5f, -1, 1, 0}};
    state.view.residual.parameters.layers = {0, 1};
    state.view.residual.parameters.ranks = {1, 2};
    state.view.residual.parameters.heads = {{0, 1}};
    state.pinned = Pin{"A", state.view};
    return state;
}

json saved(const AppState& state) {
    return json::parse(session_json(state, {}, History{}));
}

json read_back(const json& session) {
    const Session read = parse_session(session.dump(), "s.json");
    AppState state;
    for (const auto& source : read.sources) state.sources.push_back(source.source);
    state.view = read.view;
    state.pinned = read.pinned;
    state.playback = read.playback;
    return saved(state);
}

/// The member that a pointer leads to, without places in lists.
std::string member_of(const std::string& pointer) {
    std::string rest = pointer;
    for (;;) {
        const auto slash = rest.rfind('/');
        const std::string last = rest.substr(slash + 1);
        if (last.find_first_not_of("0123456789") != std::string::npos) return last;
        rest = rest.substr(0, slash);
    }
}

TEST(SessionValues, ComeBackAsTheyWere) {
    const json session = saved(full_state());
    EXPECT_EQ(read_back(session), session);
}

TEST(SessionValues, NoNumberIsChangedInSilence) {
    const json session = saved(full_state());
    const std::vector<json> others{4294967306,       -4294967290,   INT64_MAX,   UINT64_MAX, INT64_MIN, 1e300,
                                   -1e300,           1e-3,          2147483648u, -2,         "3",       true,
                                   json::array({1}), json::object()};
    int refused = 0, numbers = 0;
    const json flat = session.flatten();
    for (const auto& [pointer, value] : flat.items()) {
        if (!value.is_number()) continue;
        ++numbers;
        for (const json& other : others) {
            json changed = session;
            changed[json::json_pointer(pointer)] = other;
            json back;
            try {
                back = read_back(changed);
            } catch (const Error& error) {
                ++refused;
                EXPECT_EQ(error.kind, ErrorKind::input) << error.what();
                EXPECT_NE(std::string(error.what()).find(member_of(pointer)), std::string::npos)
                    << pointer << " " << other << ": " << error.what();
                continue;
            }
            const json& now = back[json::json_pointer(pointer)];
            ASSERT_TRUE(now.is_number() && other.is_number()) << pointer << " took " << other;
            // Pictures are kept as float32.
            const double wanted = other.get<double>(), got = now.get<double>();
            EXPECT_LE(std::abs(got - wanted), 1e-6 * std::abs(wanted)) << pointer << " made " << now << " of " << other;
        }
    }
    EXPECT_GT(numbers, 70);
    EXPECT_GT(refused, numbers * 8);
}

TEST(SessionValues, TextsOfABankAreAsManyAsItsMemories) {
    json session = saved(full_state());
    session["sources"][0]["values"]["texts"] = {"a"};
    EXPECT_THROW(read_back(session), Error);
    session["sources"][0]["values"]["texts"] = {"a", "b\nc"};
    EXPECT_THROW(read_back(session), Error);
}

} // namespace
} // namespace attnscope::ui
