#include <attnscope/recipe.h>
#include <attnscope/text_encoder.h>

namespace attnscope {
namespace {

using retrieval::Query;

std::vector<Query> bank_rows(const Bank& bank, const std::vector<std::size_t>& rows) {
    std::vector<Query> queries;
    for (const std::size_t row : rows) {
        if (row >= bank.n) {
            throw Error(ErrorKind::usage, "rows", "rows 0 to " + std::to_string(bank.n - 1) + " of " + bank.name,
                        std::to_string(row));
        }
        const auto values = bank.row(row);
        queries.emplace_back(values.begin(), values.end());
    }
    return queries;
}

/// The rows asked for, or all of them.
template <class Item>
std::vector<Item> chosen(std::vector<Item> all, const QuerySpec& queries) {
    if (queries.rows.empty()) return all;
    std::vector<Item> rows;
    for (const std::size_t row : queries.rows) {
        if (row >= all.size()) {
            throw Error(ErrorKind::usage, "rows",
                        "rows below " + std::to_string(all.size()) + " of " + queries.file.filename().string(),
                        std::to_string(row));
        }
        rows.push_back(all[row]);
    }
    return rows;
}

std::vector<Query> split(const std::vector<float>& values, std::size_t d) {
    std::vector<Query> queries;
    for (auto begin = values.begin(); begin != values.end(); begin += static_cast<std::ptrdiff_t>(d)) {
        queries.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(d));
    }
    return queries;
}

std::vector<Query> embedded(const std::vector<std::string>& texts, const std::filesystem::path& folder,
                            const Bank& bank, JobContext& context, std::vector<Warning>& warnings) {
    if (folder.empty()) throw Error(ErrorKind::usage, "encoder", "an encoder for the questions", "none");
    context.progress(0, 0, "opening the encoder");
    const auto encoder = open_text_encoder(folder);
    if (encoder->dimension() != bank.d) {
        throw Error(ErrorKind::input, encoder->name(), std::to_string(bank.d) + " numbers a text, as " + bank.name,
                    std::to_string(encoder->dimension()));
    }
    if (!bank.encoder.empty() && bank.encoder != encoder->name()) {
        warnings.push_back({"encoder", bank.name + " was made by " + bank.encoder + ", the questions by " +
                                           encoder->name() + ": their spaces need not agree"});
    }
    return split(encoder->encode(texts, context), bank.d);
}

} // namespace

void load_inputs(RetrievalJob& job, JobContext& context, std::vector<Warning>& warnings) {
    context.progress(0, 0, "opening the bank");
    job.request.bank = job.letters ? letters_bank() : open_bank(job.bank, job.layout, job.key);
    const Bank& bank = *job.request.bank;
    if (!bank.assumption.empty()) warnings.push_back({"layout", bank.assumption});

    const QuerySpec& queries = job.queries;
    switch (queries.kind) {
    case QuerySpec::Kind::rows: job.request.queries = bank_rows(bank, queries.rows); break;
    case QuerySpec::Kind::file: {
        const Queries file = open_queries(queries.file, bank.d);
        job.request.queries = chosen(split(file.values, file.d), queries);
        break;
    }
    case QuerySpec::Kind::questions:
        job.request.queries =
            embedded(chosen(read_questions(queries.file), queries), queries.encoder, bank, context, warnings);
        break;
    case QuerySpec::Kind::values:
        for (const Query& query : queries.values)
            if (query.size() != bank.d)
                throw Error(ErrorKind::usage, "queries", std::to_string(bank.d) + " numbers each, as " + bank.name,
                            std::to_string(query.size()));
        job.request.queries = queries.values;
        break;
    case QuerySpec::Kind::text:
        job.request.queries = embedded(queries.texts, queries.encoder, bank, context, warnings);
        break;
    }
    if (job.request.queries.empty()) {
        throw Error(queries.file.empty() ? ErrorKind::usage : ErrorKind::input,
                    queries.file.empty() ? "queries" : queries.file.filename().string(), "at least one query", "none");
    }
}

} // namespace attnscope
