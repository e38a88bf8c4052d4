// Memory banks: N memories of d numbers, one memory a row, with a text or a small picture beside each.
#pragma once

#include <attnscope/choices.h>
#include <attnscope/job.h>
#include <attnscope/tensor_file.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// How the file holds the matrix: a memory a row, or a memory a column (PyTorch `embeddings`).
enum class Layout { automatic, rows, columns };
constexpr auto choices_of(Layout) {
    return std::array{Choice<Layout>{Layout::rows, "rows"}, Choice<Layout>{Layout::columns, "columns"},
                      Choice<Layout>{Layout::automatic, "auto"}};
}

/// Texts kept as one buffer and offsets: 10⁵ glosses cost their bytes.
class TextTable {
public:
    TextTable() = default;
    /// One text a line; a tab separates the label (a word) from the text (its gloss).
    static TextTable from_lines(std::string lines);
    std::size_t size() const noexcept { return begin_.empty() ? 0 : begin_.size() - 1; }
    bool empty() const noexcept { return size() == 0; }
    std::string_view line(std::size_t i) const;  ///< label, tab, text; or the text alone
    std::string_view label(std::size_t i) const; ///< before the tab; empty without one
    std::string_view text(std::size_t i) const;  ///< after the tab, or the whole line

private:
    std::string buffer_;
    std::vector<std::size_t> begin_;
};

/// Immutable once made; shared by sources, jobs and panels. Held once: `keys` is the file's mapping when the file has
/// float32 rows, else one converted copy.
struct Bank {
    std::string name;           ///< file name only
    std::filesystem::path path; ///< empty for a bank made in the program
    std::size_t n = 0, d = 0;
    std::span<const float> keys; ///< (n, d) row-major
    bool mapped = false;
    TextTable texts; ///< empty or n entries
    /// Memories that are pictures: width × height = d, values −1…1 (letters) – 0 when they are not.
    int picture_width = 0, picture_height = 0;
    std::string assumption;   ///< what `automatic` layout took it for, to be said to the user
    std::string stored_dtype; ///< float32, bfloat16 …
    std::string encoder;      ///< base name of the encoder that made it, if the file says so
    std::shared_ptr<const void> owner;
    std::shared_ptr<const MappedFile> file; ///< the open file; null for a bank made in the program
    std::span<const float> row(std::size_t i) const { return keys.subspan(i * d, d); }
    bool has_pictures() const noexcept {
        return picture_width > 0 && picture_height > 0 &&
               static_cast<std::size_t>(picture_width) * static_cast<std::size_t>(picture_height) == d;
    }
    /// Throws Error{input} when `keys` lie in a file that another program has changed since. Cheap: call it after a
    /// computation, before its numbers are shown.
    void check_intact() const;
    /// SHA-256 of the file, or of the values when there is none; computed once. Kept only when complete.
    std::string sha256(const BytesDone& between = {}) const;
    mutable std::shared_ptr<const std::string> sha256_cache;
};

/// Opens a bank. The tensor is `embeddings` if there is one, else the only 2-D tensor, else `key` names it. Costs the
/// header for mapped files. Checks shape, not values. Throws Error{input}: no such tensor, not 2-D, N < 1, d < 1.
std::shared_ptr<const Bank> open_bank(const std::filesystem::path& path, Layout layout = Layout::automatic,
                                      const std::string& key = {});
/// A bank from values in memory; keys.size() = n·d.
std::shared_ptr<const Bank> make_bank(std::string name, std::size_t n, std::size_t d, std::vector<float> keys,
                                      TextTable texts = {}, int picture_width = 0, int picture_height = 0);
/// Throws Error{input} naming the first row with a value that is not finite; parallel over rows, 117 659 × 384 in
/// about the time of reading it.
void check_finite(const Bank& bank, JobContext& context);
/// Writes `embeddings` (n, d) float32, texts and the encoder's name as safetensors.
void save_bank(const std::filesystem::path& path, const Bank& bank);

/// Query vectors (rows) from npy, npz, safetensors, pt. Throws Error{input} if a row's length is not d or a value is
/// not finite.
struct Queries {
    std::size_t n = 0, d = 0;
    std::vector<float> values;
    std::span<const float> row(std::size_t i) const { return {values.data() + i * d, d}; }
};
Queries open_queries(const std::filesystem::path& path, std::size_t d);
/// Questions: .jsonl takes the field `question` of each line, anything else one question a line; question i is line i,
/// as in read_rows. Throws Error{input} naming the line.
std::vector<std::string> read_questions(const std::filesystem::path& path);
/// A set of texts: the lines of a text file that are not blank, CR stripped. Nothing counts them by their lines.
std::vector<std::string> read_lines(const std::filesystem::path& path);
/// Texts that become rows: row i is line i, CR stripped. Throws Error{input} naming a blank line that stands before a
/// text; blank lines at the end of the file are no rows.
std::vector<std::string> read_rows(const std::filesystem::path& path);

/// WordNet 3.0 synsets in file order (noun, verb, adj, adv): "word, word" as label, the gloss as text. `folder` holds
/// data.noun …; empty looks in the places where the package puts it. Examples in quotes are kept in the gloss.
/// limit 0 = all 117 659; a limit takes synsets evenly spaced over the whole, not the first ones.
struct WordNetEntry {
    std::string label, gloss;
};
std::vector<WordNetEntry> read_wordnet(const std::filesystem::path& folder = {}, std::size_t limit = 0);

/// The toy bank: the 26 capital letters drawn on a grid of side × side, ink +1, paper −1, unit norm rows.
std::shared_ptr<const Bank> letters_bank(int side = 16);

/// Where set-up put things: ATTNSCOPE_CACHE, else XDG_CACHE_HOME/attnscope, else ~/.cache/attnscope.
std::filesystem::path cache_folder();
/// The sample bank, encoder and language model; empty paths for what is not there.
struct Samples {
    std::filesystem::path bank, encoder, model;
};
Samples find_samples();

} // namespace attnscope
