// The stack machine. Opcodes: Python's Lib/pickletools.py; protocol 2 is what PyTorch writes, the few of protocol 4 and
// 5 that replace them are understood too.
#include "files/pickle.h"

#include "base/input_error.h"
#include "files/pickle_values.h"

#include <bit>
#include <cstring>
#include <unordered_map>

namespace attnscope {
namespace {

using pickle::Heap;
using pickle::Value;
using Kind = pickle::Value::Kind;

class Machine {
public:
    Machine(const SharedBytes& pickle, const StorageFinder& find_storage, const std::string& subject)
        : heap(pickle, find_storage, subject),
          bytes_(reinterpret_cast<const char*>(pickle.bytes.data()), pickle.bytes.size()) {}

    Heap heap;

    const Value& run() {
        while (true) {
            heap.set_position(at_);
            const auto opcode = number<std::uint8_t>();
            if (opcode == '.') return *pop();
            step(opcode);
        }
    }

private:
    void step(std::uint8_t opcode) {
        switch (opcode) {
        case 0x80:
            if (number<std::uint8_t>() > 5) heap.fail("pickle protocol 5 at most", "a later one");
            return;
        case 0x95: static_cast<void>(number<std::uint64_t>()); return; // FRAME
        case '(': marks_.push_back(stack_.size()); return;
        case '0': pop(); return;
        case '1': pop_to_mark(); return;
        case 'N': return push(heap.make(Kind::other));
        case 0x88:
        case 0x89: return push(heap.truth(opcode == 0x88));
        case 'K': return push(heap.integer(number<std::uint8_t>()));
        case 'M': return push(heap.integer(number<std::uint16_t>()));
        case 'J': return push(heap.integer(number<std::int32_t>()));
        case 0x8a: return push_long();
        case 'G': static_cast<void>(number<std::uint64_t>()); return push(heap.make(Kind::other)); // a float
        case 'X': return push(heap.text(Kind::text, take(number<std::uint32_t>())));
        case 0x8c: return push(heap.text(Kind::text, take(number<std::uint8_t>())));
        case 0x8d: return push(heap.text(Kind::text, take(number<std::uint64_t>())));
        case 'B': return push(heap.text(Kind::bytes, take(number<std::uint32_t>())));
        case 'C': return push(heap.text(Kind::bytes, take(number<std::uint8_t>())));
        case 0x8e: return push(heap.text(Kind::bytes, take(number<std::uint64_t>())));
        case ')': return push(heap.make(Kind::tuple));
        case ']': return push(heap.make(Kind::list));
        case '}': return push(heap.make(Kind::dictionary));
        case 't': return push_tuple(pop_to_mark());
        case 0x85:
        case 0x86:
        case 0x87: return push_tuple(pop_many(opcode - 0x84u));
        case 'q': return remember(number<std::uint8_t>());
        case 'r': return remember(number<std::uint32_t>());
        case 0x94: return remember(static_cast<std::uint32_t>(memo_.size()));
        case 'h': return recall(number<std::uint8_t>());
        case 'j': return recall(number<std::uint32_t>());
        case 'a': return add(pop_many(1));
        case 's': return add(pop_many(2));
        case 'e':
        case 'u': return add(pop_to_mark());
        case 'c': return push_named_global();
        case 0x93: return push_stacked_global();
        case 'Q': return push(heap.storage(*pop()));
        case 'R': return call();
        case 'b': return build();
        default: heap.fail("the opcodes of tensors and plain data", "opcode " + std::to_string(opcode));
        }
    }

    template <class Number>
    Number number() {
        Number value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    std::string_view take(std::uint64_t size) {
        if (size > bytes_.size() - at_) heap.fail("a whole pickle", "its end");
        const std::string_view part = bytes_.substr(at_, size);
        at_ += size;
        return part;
    }
    std::string_view line() {
        const std::size_t end = bytes_.find('\n', at_);
        if (end == std::string_view::npos) heap.fail("a line", "the end of the pickle");
        const std::string_view text = take(end - at_);
        ++at_;
        return text;
    }

    void push(Value* value) { stack_.push_back(value); }
    // Nothing below the last mark may be taken.
    std::vector<Value*> pop_many(std::size_t count) {
        const std::size_t floor = marks_.empty() ? 0 : marks_.back();
        if (stack_.size() - floor < count) heap.fail("a value on the stack", "none");
        std::vector<Value*> values(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
        stack_.resize(stack_.size() - count);
        return values;
    }
    Value* pop() { return pop_many(1)[0]; }
    std::vector<Value*> pop_to_mark() {
        if (marks_.empty()) heap.fail("a mark on the stack", "none");
        std::vector<Value*> values = pop_many(stack_.size() - marks_.back());
        marks_.pop_back();
        return values;
    }
    Value& top() {
        Value* value = pop();
        push(value);
        return *value;
    }

    void push_tuple(std::vector<Value*> items) {
        Value* tuple = heap.make(Kind::tuple);
        tuple->items = std::move(items);
        push(tuple);
    }
    void push_long() { // little-endian two's complement of any length
        const std::string_view digits = take(number<std::uint8_t>());
        if (digits.size() > 8) return push(heap.make(Kind::other));
        std::int64_t value = !digits.empty() && (digits.back() & 0x80) != 0 ? -1 : 0;
        std::memcpy(&value, digits.data(), digits.size());
        push(heap.integer(value));
    }
    void remember(std::uint32_t key) { memo_[key] = &top(); }
    void recall(std::uint32_t key) {
        const auto found = memo_.find(key);
        if (found == memo_.end()) heap.fail("a remembered value", "number " + std::to_string(key));
        push(found->second);
    }
    void add(std::vector<Value*> items) { heap.add(top(), std::move(items)); }
    void push_global(std::string_view module, std::string_view name) { push(heap.global(module, name)); }
    void push_named_global() {
        const std::string_view module = line();
        push_global(module, line());
    }
    void push_stacked_global() {
        const auto names = pop_many(2);
        if (names[0]->kind != Kind::text || names[1]->kind != Kind::text) heap.fail("the name of an object", "none");
        push_global(names[0]->text, names[1]->text);
    }
    void call() {
        const auto operands = pop_many(2);
        push(heap.call(*operands[0], *operands[1]));
    }
    void build() {
        Value* state = pop();
        heap.set_state(top(), *state);
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::vector<Value*> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint32_t, Value*> memo_;
};

} // namespace

std::vector<StoredTensor> read_pickled_tensors(const SharedBytes& pickle, const StorageFinder& find_storage,
                                               const std::string& subject) {
    if (pickle.bytes.size() > max_pickle)
        input_error(subject, "a data.pkl of at most 64 MiB", bytes_text(pickle.bytes.size()));
    Machine machine(pickle, find_storage, subject);
    const Value& root = machine.run();
    return pickle::collect_tensors(root, machine.heap);
}

} // namespace attnscope
