// CV bands as a table: CSV for programs, text for people, LaTeX for papers.
#include <attnscope/cv_recipe.h>

#include "base/table_text.h"

#include <algorithm>
#include <cmath>

namespace attnscope {

namespace {

using cv::Matrix;

std::string whole_or_empty(int number) {
    return number < 0 ? std::string() : std::to_string(number);
}

const char* truth(const Matrix& matrix) {
    return !matrix.has_cv() ? "" : matrix.in_band ? "true" : "false";
}

/// Four digits behind the point of what is there.
std::string fixed(double value, const char* format, const char* none) {
    if (!std::isfinite(value)) return none;
    std::string text;
    append(text, format, value);
    return text;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char letter : text) {
        if (std::string_view("&%$#_{}").find(letter) != std::string_view::npos) out += '\\';
        if (letter == '\\')
            out += "\\textbackslash{}";
        else if (letter == '~')
            out += "\\textasciitilde{}";
        else if (letter == '^')
            out += "\\textasciicircum{}";
        else
            out += letter;
    }
    return out;
}

} // namespace

std::string cv_table_csv(const std::vector<Matrix>& matrices) {
    std::string out =
        "name,kind,layer,head,rows,cols,pool,cv,ci95_low,ci95_high,n_valid,n_degenerate,exact,mean_volume,"
        "in_band,null_cv,effective_dim,participation_ratio,cv_corrected,row_error,row_ci95_low,"
        "row_ci95_high,row_simplices,reason\n";
    for (const Matrix& matrix : matrices) {
        out += csv_text(matrix.name) + ',' + cv_kind_name(matrix.kind) + ',' + whole_or_empty(matrix.layer) + ',' +
               whole_or_empty(matrix.head) + ',' + std::to_string(matrix.rows) + ',' + std::to_string(matrix.cols) +
               ',' + std::to_string(matrix.pool);
        for (const double value : {matrix.cv, matrix.ci95.low, matrix.ci95.high}) out += ',' + csv_number(value);
        out += ',' + std::to_string(matrix.n_valid) + ',' + std::to_string(matrix.n_degenerate) +
               (matrix.exact ? ",true," : ",false,") + csv_number(matrix.mean_volume) + ',' + truth(matrix);
        for (const double value : {matrix.null_cv, matrix.effective_dim, matrix.participation_ratio,
                                   matrix.cv_corrected, matrix.row_error, matrix.row_ci95.low, matrix.row_ci95.high})
            out += ',' + csv_number(value);
        out += ',' + (matrix.row_simplices > 0 ? std::to_string(matrix.row_simplices) : std::string());
        out += ',' + (matrix.has_cv() ? std::string() : csv_text(matrix.reason)) + '\n';
    }
    return out;
}

std::string cv_table_text(const std::vector<Matrix>& matrices) {
    std::size_t width = 4;
    for (const Matrix& matrix : matrices) width = std::max(width, matrix.name.size());
    width = std::min<std::size_t>(width, 60);
    std::string out;
    append(out, "%-*s %12s %7s %17s %7s %9s %8s  %s\n", static_cast<int>(width), "name", "rows x cols", "CV",
           "95 % (simplices)", "null", "eff. dim", "PR", "band");
    for (const Matrix& matrix : matrices) {
        const std::string shape = std::to_string(matrix.rows) + " x " + std::to_string(matrix.cols);
        append(out, "%-*s %12s ", static_cast<int>(width), matrix.name.c_str(), shape.c_str());
        if (!matrix.has_cv()) {
            append(out, "%7s  %s\n", "none", matrix.reason.c_str());
            continue;
        }
        const std::string interval =
            matrix.exact ? "exact" : fixed(matrix.ci95.low, "%.4f", "") + " - " + fixed(matrix.ci95.high, "%.4f", "");
        append(out, "%7.4f %17s %7s %9s %8s  %s\n", matrix.cv, interval.c_str(),
               fixed(matrix.null_cv, "%.4f", "none").c_str(), fixed(matrix.effective_dim, "%.1f", "none").c_str(),
               fixed(matrix.participation_ratio, "%.1f", "none").c_str(), matrix.in_band ? "in" : "outside");
    }
    return out;
}

std::string cv_table_tex(const std::vector<Matrix>& matrices) {
    std::string out =
        "\\begin{tabular}{lrrrrrr}\n\\toprule\n"
        "matrix & rows $\\times$ columns & CV & 95\\,\\% & null & $D_\\mathrm{eff}$ & PR \\\\\n\\midrule\n";
    for (const Matrix& matrix : matrices) {
        out += "\\texttt{" + escaped(matrix.name) + "} & $" + std::to_string(matrix.rows) + " \\times " +
               std::to_string(matrix.cols) + "$ & " + fixed(matrix.cv, "%.4f", "--") + " & ";
        out += !matrix.has_cv() ? "--"
               : matrix.exact   ? "exact"
                                : fixed(matrix.ci95.low, "%.4f", "--") + "--" + fixed(matrix.ci95.high, "%.4f", "--");
        out += " & " + fixed(matrix.null_cv, "%.4f", "--") + " & " + fixed(matrix.effective_dim, "%.1f", "--") + " & " +
               fixed(matrix.participation_ratio, "%.1f", "--") + " \\\\\n";
    }
    return out + "\\bottomrule\n\\end{tabular}\n";
}

} // namespace attnscope
