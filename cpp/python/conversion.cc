#include "python/conversion.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "python/errors.h"
#include "value/json.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

constexpr std::int32_t kNanosPerMicro = 1'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

std::string TypeName(py::handle object) {
  return py::str(py::type::handle_of(object).attr("__name__"));
}

// Walks one Python object. `path_` is where it is, for messages only.
class Reader {
 public:
  Reader(std::string_view name, Arena& arena) : path_(name), arena_(arena) {}

  Value Read(py::handle object) {
    PyObject* const raw = object.ptr();
    if (raw == Py_None) return Value::Null();
    if (PyBool_Check(raw)) return Value::Bool(raw == Py_True);
    if (PyUnicode_Check(raw)) return ReadText(object);
    if (PyLong_Check(raw)) return ReadInteger(object);
    if (PyFloat_Check(raw)) return ReadDouble(PyFloat_AS_DOUBLE(raw));
    if (PyDict_Check(raw)) return ReadMap(object);
    if (PyList_Check(raw) || PyTuple_Check(raw)) return ReadList(object);
    return ReadNumberLike(object);
  }

 private:
  // One level down, as long as it lives: `.key` or `[3]` on the path.
  class Step {
   public:
    Step(Reader& reader, const std::string& segment)
        : reader_(reader), size_(reader.path_.size()) {
      reader_.path_ += segment;
      if (++reader_.depth_ > kMaxJsonDepth) {
        Raise(InvalidArgument(reader_.path_ + ": expected at most " +
                              std::to_string(kMaxJsonDepth) +
                              " levels of nesting"));
      }
    }
    ~Step() {
      reader_.path_.resize(size_);
      --reader_.depth_;
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Reader& reader_;
    const std::size_t size_;
  };

  Value ReadText(py::handle object) {
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
    if (text == nullptr) {
      PyErr_Clear();
      Raise(InvalidArgument(path_ +
                            ": expected text that UTF-8 can encode, got a "
                            "lone surrogate"));
    }
    return Value::String(
        arena_.CopyText({text, static_cast<std::size_t>(size)}));
  }

  Value ReadInteger(py::handle object) {
    int overflow = 0;
    const auto value = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
    if (overflow == 0) return Value::Int(value);
    if (overflow > 0) {
      const auto large = PyLong_AsUnsignedLongLong(object.ptr());
      if (PyErr_Occurred() == nullptr) return Value::Uint(large);
      PyErr_Clear();
    }
    const double rounded = PyLong_AsDouble(object.ptr());
    if (PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      Raise(InvalidArgument(path_ +
                            ": expected a number in the range of a double"));
    }
    return Value::Double(rounded);
  }

  Value ReadDouble(double value) {
    if (!std::isfinite(value)) {
      const char* const name =
          std::isnan(value) ? "nan" : (value > 0 ? "inf" : "-inf");
      Raise(InvalidArgument(path_ + ": expected a finite number, got " + name +
                            "; JSON has None for what is not known"));
    }
    return Value::Double(value);
  }

  Value ReadList(py::handle object) {
    std::vector<Value> items;
    items.reserve(py::len(object));
    for (const py::handle item : object) {
      const Step step(*this, "[" + std::to_string(items.size()) + "]");
      items.push_back(Read(item));
    }
    const auto copy = arena_.NewArray<Value>(items.size());
    std::copy(items.begin(), items.end(), copy.begin());
    return Value::List(arena_.New<ListValue>(copy));
  }

  Value ReadMap(py::handle object) {
    std::vector<MapEntry> entries;
    entries.reserve(py::len(object));
    for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) {
      if (!PyUnicode_Check(key.ptr())) {
        throw py::type_error(path_ + ": expected keys of type str, got " +
                             TypeName(key));
      }
      const Value name = ReadText(key);
      const Step step(*this, "." + std::string(name.text()));
      entries.push_back({name, Read(value)});
    }
    const auto copy = arena_.NewArray<MapEntry>(entries.size());
    std::copy(entries.begin(), entries.end(), copy.begin());
    return Value::Map(MapValue::Make(arena_, copy));
  }

  Value ReadNumberLike(py::handle object) {
    if (PyIndex_Check(object.ptr())) {
      const auto number =
          py::reinterpret_steal<py::object>(PyNumber_Index(object.ptr()));
      if (!number) throw py::error_already_set();
      return ReadInteger(number);
    }
    if (py::hasattr(object, "__float__")) {
      return ReadDouble(py::float_(py::reinterpret_borrow<py::object>(object)));
    }
    throw py::type_error(path_ +
                         ": expected None, bool, int, float, str, list or "
                         "dict, got " +
                         TypeName(object));
  }

  std::string path_;
  Arena& arena_;
  int depth_ = 0;
};

py::object ToDatetime(SecondsAndNanos time) {
  const py::module_ datetime = py::module_::import("datetime");
  const py::object utc = datetime.attr("timezone").attr("utc");
  const py::object epoch =
      datetime.attr("datetime")(1970, 1, 1, 0, 0, 0, 0, utc);
  return epoch + datetime.attr("timedelta")(time.seconds / kSecondsPerDay,
                                            time.seconds % kSecondsPerDay,
                                            time.nanos / kNanosPerMicro);
}

py::object ToTimedelta(SecondsAndNanos time) {
  return py::module_::import("datetime")
      .attr("timedelta")(0, time.seconds, time.nanos / kNanosPerMicro);
}

py::object ToList(const ListValue& list) {
  py::list result(list.size());
  std::size_t index = 0;
  for (const Value& item : list.items()) result[index++] = ToPython(item);
  return result;
}

py::object ToDict(const MapValue& map) {
  py::dict result;
  for (const MapEntry& entry : map.entries()) {
    result[ToPython(entry.key)] = ToPython(entry.value);
  }
  return result;
}

}  // namespace

Value FromPython(py::handle object, std::string_view name, Arena& arena) {
  return Reader(name, arena).Read(object);
}

py::object ToPython(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return py::none();
    case ValueKind::kBool:
      return py::bool_(value.bool_value());
    case ValueKind::kInt:
      return py::int_(value.int_value());
    case ValueKind::kUint:
      return py::int_(value.uint_value());
    case ValueKind::kDouble:
      return py::float_(value.double_value());
    case ValueKind::kString:
    case ValueKind::kType:
      return Text(value.text());
    case ValueKind::kBytes:
      return py::bytes(value.text().data(), value.text().size());
    case ValueKind::kList:
      return ToList(value.list());
    case ValueKind::kMap:
      return ToDict(value.map());
    case ValueKind::kTimestamp:
      return ToDatetime(value.time());
    case ValueKind::kDuration:
      return ToTimedelta(value.time());
    case ValueKind::kOptional:
      if (value.optional() == nullptr) return py::none();
      return ToPython(*value.optional());
    case ValueKind::kError:
      break;
  }
  return Text(value.error().message);
}

std::string JsonText(py::handle object, std::string_view name) {
  if (PyDict_Check(object.ptr())) {
    Arena arena;
    return FormatJson(FromPython(object, name, arena));
  }
  if (PyUnicode_Check(object.ptr()) || PyBytes_Check(object.ptr())) {
    return object.cast<std::string>();
  }
  throw py::type_error(std::string(name) +
                       ": expected a dict, or JSON as str or bytes, got " +
                       TypeName(object));
}

py::str Text(std::string_view text) {
  return py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(
      text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

}  // namespace streamer::python
