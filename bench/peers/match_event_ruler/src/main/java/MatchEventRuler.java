import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import software.amazon.event.ruler.Machine;

/**
 * The peer event-ruler: answers the tasks of bench/peers_comparison.py, one
 * line of JSON each.
 */
public final class MatchEventRuler {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<String> rules = new ArrayList<>();
  private List<String> events;
  private final Machine machine = new Machine();

  /** A rule that the peer has no words for. */
  private static final class Cannot extends Exception {
    Cannot(String reason) {
      super(reason);
    }
  }

  public static void main(String[] arguments) throws Exception {
    MatchEventRuler peer = new MatchEventRuler();
    BufferedReader tasks =
        new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = tasks.readLine()) != null; ) {
      JsonNode task = JSON.readTree(line);
      ObjectNode answer = JSON.createObjectNode();
      try {
        peer.perform(task, answer);
      } catch (Cannot reason) {
        answer.put("cannot", reason.getMessage());
      }
      System.out.println(answer);
    }
  }

  private void perform(JsonNode task, ObjectNode answer) throws Exception {
    switch (task.get("task").asText()) {
      case "load" -> load(task, answer);
      case "build" -> build(answer);
      case "check" -> check(task, answer);
      case "match" -> time(task, answer);
      default -> remove(task, answer);
    }
  }

  /** Reading and translating is not measured. */
  private void load(JsonNode task, ObjectNode answer) throws Exception {
    for (String line : Files.readAllLines(Path.of(task.get("rules").asText()))) {
      rules.add(translate(JSON.readTree(line).get("rule")).toString());
    }
    events = Files.readAllLines(Path.of(task.get("events").asText()));
    answer.put("rules", rules.size());
  }

  private void build(ObjectNode answer) throws Exception {
    long before = usedHeap();
    long start = System.nanoTime();
    for (int i = 0; i < rules.size(); i++) {
      machine.addRule(Integer.toString(i), rules.get(i));
    }
    answer.put("seconds", (System.nanoTime() - start) / 1e9);
    answer.put("bytes", usedHeap() - before);
  }

  private void check(JsonNode task, ObjectNode answer) throws Exception {
    long checksum = 0;
    int matches = 0;
    for (int i = 0; i < task.get("count").asInt(); i++) {
      for (String name : machine.rulesForJSONEvent(events.get(i))) {
        checksum += pair(i, Long.parseLong(name));
        matches++;
      }
    }
    answer.put("matches", matches);
    answer.put("checksum", Long.toUnsignedString(checksum));
  }

  private void time(JsonNode task, ObjectNode answer) throws Exception {
    double seconds = task.get("seconds").asDouble();
    long start = System.nanoTime();
    int runs = 0;
    double elapsed;
    do {
      int batch = runs < 64 ? 1 : 64;
      for (int i = 0; i < batch; i++) {
        machine.rulesForJSONEvent(events.get(runs++ % events.size()));
      }
      elapsed = (System.nanoTime() - start) / 1e9;
    } while (elapsed < seconds);
    answer.put("events", runs);
    answer.put("seconds", elapsed);
  }

  private void remove(JsonNode task, ObjectNode answer) throws Exception {
    long start = System.nanoTime();
    for (int i = 0; i < task.get("count").asInt(); i++) {
      machine.deleteRule(Integer.toString(i), rules.get(i));
    }
    answer.put("seconds", (System.nanoTime() - start) / 1e9);
  }

  /** The rule in the peer's JSON: field → list of alternatives. */
  private static ObjectNode translate(JsonNode rule) throws Cannot {
    ObjectNode translated = JSON.createObjectNode();
    appendAll(rule, translated);
    return translated;
  }

  private static void appendAll(JsonNode rule, ObjectNode to) throws Cannot {
    if (rule.has("all")) {
      for (JsonNode part : rule.get("all")) {
        appendAll(part, to);
      }
    } else if (rule.has("any")) {
      appendAny(rule.get("any"), to);
    } else if (rule.has("field")) {
      appendLeaf(rule, to);
    } else {
      throw new Cannot(rule.has("not") ? "no not" : "no CEL");
    }
  }

  private static void appendAny(JsonNode parts, ObjectNode to) throws Cannot {
    if (to.has("$or")) {
      throw new Cannot("one $or in a rule");
    }
    ArrayNode alternatives = to.putArray("$or");
    for (JsonNode part : parts) {
      alternatives.add(translate(part));
    }
  }

  private static void appendLeaf(JsonNode leaf, ObjectNode to) throws Cannot {
    String field = leaf.get("field").asText();
    String op = leaf.get("op").asText();
    JsonNode value = leaf.get("value");
    if (to.has(field)) {
      combine(field, op, value, to);
      return;
    }
    ArrayNode list = to.putArray(field);
    switch (op) {
      case "==", "contains" -> list.add(equal(value));
      case "in" -> {
        for (JsonNode each : value) {
          list.add(equal(each));
        }
      }
      case "!=" -> list.addObject().putArray("anything-but").add(value);
      case "<", "<=", ">", ">=" ->
          list.addObject().putArray("numeric").add(op).add(value);
      case "prefix", "suffix", "wildcard" ->
          list.addObject().put(op, value.asText());
      case "substring" ->
          list.addObject().put("wildcard", "*" + value.asText() + "*");
      default -> throw new Cannot("no " + op);
    }
  }

  /**
   * A second condition on one field: two bounds are one range. The peer has
   * no "all of these elements", so a list that must contain two texts is asked
   * for either, as hypermatch's authors do; the checksum tells whether that
   * makes a difference.
   */
  private static void combine(
      String field, String op, JsonNode value, ObjectNode to) throws Cannot {
    JsonNode first = to.get(field).get(0);
    if (op.equals("contains")) {
      ((ArrayNode) to.get(field)).add(equal(value));
    } else if (op.startsWith("<")
        && first.path("numeric").size() == 2
        && first.get("numeric").get(0).asText().startsWith(">")) {
      ((ArrayNode) first.get("numeric")).add(op).add(value);
    } else {
      throw new Cannot("two conditions on one field");
    }
  }

  private static JsonNode equal(JsonNode value) {
    if (!value.isNumber()) {
      return value;
    }
    ObjectNode node = JSON.createObjectNode();
    node.putArray("numeric").add("=").add(value);
    return node;
  }

  /** bench/measure/checksum.h. */
  private static long pair(long event, long rule) {
    long place = event * 1_000_003L + rule + 1;
    return (place * 0x9E3779B97F4A7C15L) ^ (rule * 0xBF58476D1CE4E5B9L);
  }

  /** The live heap; the pages a JVM holds say nothing about its rules. */
  private static long usedHeap() {
    for (int i = 0; i < 4; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
