// The slots of the Alignment workspace, shared by its panels: operators and all pairs of their layers, and matched
// heads. What nobody asks for is not computed; an anchor or a head costs a pass over tables that are there.
#pragma once

#include "state/app_state.h"
#include "state/asked.h"

#include <attnscope/alignment_recipe.h>
#include <attnscope/slot.h>

#include <memory>
#include <optional>

namespace attnscope::ui {

/// Everything that neither anchor nor head changes.
struct AlignmentTables {
    alignment::OperatorsPtr operators;
    alignment::Comparison comparison;
    alignment::Chance chance;
};

class AlignmentSlots {
public:
    explicit AlignmentSlots(JobSystem& jobs);
    ~AlignmentSlots();

    /// Fixes what the other members answer for; once a frame before panels are drawn.
    void begin_frame(const AppState& state);

    /// Whether a model or a file of grams is there to be compared.
    bool has_source() const;
    /// Of the operators that are wanted; 0 before they are known.
    int layers() const;
    int heads() const;
    /// What is selected, as figures take it: within what the operators have.
    alignment::View view() const;
    Asked<AlignmentTables> tables();
    /// How far signs agree by chance: kept by the sizes alone, whatever model has them.
    Asked<alignment::SignChance> signs();
    /// Of the anchor; asks for the tables first.
    Asked<alignment::Matching> matching();
    /// The numbers to the anchor of the newest tables; null before. Computed once for an anchor and a head.
    std::shared_ptr<const alignment::Profile> profile();

    bool settled() const;
    double seconds() const;
    /// What a figure of a panel is made from, as the command line takes it. None without a source.
    std::optional<AlignmentJob> job(const AppState& state) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace attnscope::ui
