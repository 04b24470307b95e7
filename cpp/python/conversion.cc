#include "python/conversion.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "python/errors.h"
#include "value/json.h"
#include "value/time_text.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

constexpr std::int32_t kNanosPerMicro = 1'000;
constexpr std::int32_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

std::string TypeName(py::handle object) {
  return py::str(py::type::handle_of(object).attr("__name__"));
}

bool IsInstance(py::handle object, const char* module, const char* type) {
  return py::isinstance(object, py::module_::import(module).attr(type));
}

std::int64_t Number(const py::object& object, const char* attribute) {
  return object.attr(attribute).cast<std::int64_t>();
}

// The seconds and nanoseconds of a timedelta, which has days and microseconds,
// none of the latter negative. That of pandas has nanoseconds beside.
SecondsAndNanos PartsOf(const py::object& delta) {
  const std::int64_t seconds =
      Number(delta, "days") * kSecondsPerDay + Number(delta, "seconds");
  std::int64_t nanos = Number(delta, "microseconds") * kNanosPerMicro;
  if (py::hasattr(delta, "nanoseconds")) nanos += Number(delta, "nanoseconds");
  return {seconds, static_cast<std::int32_t>(nanos)};
}

// Walks one Python object. `path_` is where it is, for messages only.
class Reader {
 public:
  Reader(std::string_view name, Arena& arena, Accepts accepts)
      : path_(name), arena_(arena), accepts_(accepts) {}

  Value Read(py::handle object) {
    PyObject* const raw = object.ptr();
    if (raw == Py_None) return Value::Null();
    if (PyBool_Check(raw)) return Value::Bool(raw == Py_True);
    if (PyUnicode_Check(raw)) return ReadText(object);
    if (PyLong_Check(raw)) return ReadInteger(object);
    if (PyFloat_Check(raw)) return ReadDouble(PyFloat_AS_DOUBLE(raw));
    if (PyDict_Check(raw)) return ReadMap(object);
    if (PyList_Check(raw) || PyTuple_Check(raw)) return ReadList(object);
    if (accepts_ == Accepts::kCel) {
      if (const std::optional<Value> value = ReadBeyondJson(object)) {
        return *value;
      }
    }
    return ReadConvertible(object);
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
    if (accepts_ == Accepts::kCel) {
      const auto bits = object.attr("bit_length")().cast<std::size_t>();
      Raise(InvalidArgument(path_ +
                            ": expected an int between -2**63 and "
                            "2**64 - 1, got one of " +
                            std::to_string(bits) + " bits"));
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
    if (!std::isfinite(value) && accepts_ == Accepts::kJson) {
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
      const Value name = ReadKey(key);
      const Step step(*this, SegmentOf(name));
      entries.push_back({name, Read(value)});
    }
    const auto copy = arena_.NewArray<MapEntry>(entries.size());
    std::copy(entries.begin(), entries.end(), copy.begin());
    return Value::Map(MapValue::Make(arena_, copy));
  }

  Value ReadKey(py::handle key) {
    if (PyUnicode_Check(key.ptr())) return ReadText(key);
    if (accepts_ == Accepts::kCel) {
      if (PyBool_Check(key.ptr())) return Value::Bool(key.ptr() == Py_True);
      if (PyLong_Check(key.ptr())) return ReadInteger(key);
    }
    const char* const expected =
        accepts_ == Accepts::kCel ? "str, int or bool" : "str";
    throw py::type_error(path_ + ": expected keys of type " + expected +
                         ", got " + TypeName(key));
  }

  static std::string SegmentOf(const Value& key) {
    if (key.is(ValueKind::kString)) return "." + std::string(key.text());
    return "[" + FormatJson(key) + "]";
  }

  // What only CEL has, or nothing.
  std::optional<Value> ReadBeyondJson(py::handle object) {
    if (PyBytes_Check(object.ptr()) || PyByteArray_Check(object.ptr()) ||
        PyMemoryView_Check(object.ptr())) {
      const py::bytes copy(
          py::reinterpret_steal<py::object>(PyBytes_FromObject(object.ptr())));
      return Value::Bytes(arena_.CopyText(std::string_view(copy)));
    }
    // Times that pandas does not know are instances of datetime as well.
    if (TypeName(object) == "NaTType" || TypeName(object) == "NAType") {
      return Value::Null();
    }
    if (IsInstance(object, "datetime", "datetime")) return ReadTime(object);
    if (IsInstance(object, "datetime", "timedelta")) return ReadSpan(object);
    return std::nullopt;
  }

  Value ReadTime(py::handle object) {
    const auto time = py::reinterpret_borrow<py::object>(object);
    const py::module_ datetime = py::module_::import("datetime");
    if (time.attr("utcoffset")().is_none()) {
      Raise(InvalidArgument(
          path_ + ": expected a datetime with a time zone, got " +
          std::string(py::str(time.attr("isoformat")())) + ", which has none"));
    }
    const py::object epoch = datetime.attr("datetime")(
        1970, 1, 1, py::arg("tzinfo") = datetime.attr("timezone").attr("utc"));
    const SecondsAndNanos parts = PartsOf(time - epoch);
    if (parts.seconds < kLeastTimestampSeconds ||
        parts.seconds > kGreatestTimestampSeconds) {
      Raise(InvalidArgument(path_ +
                            ": expected a datetime in the years 1 to 9999 of "
                            "UTC, got " +
                            std::string(py::str(time.attr("isoformat")()))));
    }
    return Value::Timestamp(parts);
  }

  // A duration's nanoseconds have the sign of its seconds.
  Value ReadSpan(py::handle object) {
    SecondsAndNanos parts = PartsOf(py::reinterpret_borrow<py::object>(object));
    if (parts.seconds < 0 && parts.nanos > 0) {
      ++parts.seconds;
      parts.nanos -= kNanosPerSecond;
    }
    if (std::abs(parts.seconds) > kGreatestDurationSeconds) {
      Raise(InvalidArgument(path_ + ": expected a timedelta of at most " +
                            std::to_string(kGreatestDurationSeconds) +
                            " seconds, got " + std::to_string(parts.seconds)));
    }
    return Value::Duration(parts);
  }

  // What Python or numpy can make one of the above of.
  Value ReadConvertible(py::handle object) {
    if (IsInstance(object, "collections.abc", "Mapping")) {
      return ReadMap(py::dict(py::reinterpret_borrow<py::object>(object)));
    }
    if (py::hasattr(object, "dtype") && py::hasattr(object, "tolist")) {
      return ReadNumpy(object);
    }
    return ReadNumberLike(object);
  }

  // An array or a scalar. Of times tolist() may make numbers, and of some
  // scalars themselves.
  Value ReadNumpy(py::handle object) {
    const std::string kind = py::str(object.attr("dtype").attr("kind"));
    if (kind == "M" || kind == "m") RefuseType(object);
    const py::object plain = object.attr("tolist")();
    const bool is_plain =
        PyBool_Check(plain.ptr()) || PyLong_Check(plain.ptr()) ||
        PyFloat_Check(plain.ptr()) || PyList_Check(plain.ptr());
    return is_plain ? Read(plain) : ReadNumberLike(object);
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
    RefuseType(object);
  }

  [[noreturn]] void RefuseType(py::handle object) {
    const char* const expected =
        accepts_ == Accepts::kCel
            ? "None, bool, int, float, str, bytes, datetime, timedelta, list "
              "or dict"
            : "None, bool, int, float, str, list or dict";
    throw py::type_error(path_ + ": expected " + expected + ", got " +
                         TypeName(object));
  }

  std::string path_;
  Arena& arena_;
  const Accepts accepts_;
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
  if (result.size() == map.size()) return result;
  const py::object error = py::module_::import("streamer.errors")
                               .attr("EvaluationError")(
                                   "expected keys that a dict can hold side by "
                                   "side, got a bool and an int that Python "
                                   "calls equal",
                                   "invalid_argument");
  PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
  throw py::error_already_set();
}

}  // namespace

Value FromPython(py::handle object, std::string_view name, Arena& arena,
                 Accepts accepts) {
  return Reader(name, arena, accepts).Read(object);
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
