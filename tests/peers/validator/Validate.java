import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.context.support.ConceptValidationOptions;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;
import org.hl7.fhir.instance.model.api.IBase;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r5.model.CodeableConcept;
import org.hl7.fhir.r5.model.Coding;
import org.hl7.fhir.r5.model.ValueSet;
import org.hl7.fhir.r5.terminologies.utilities.ValidationResult;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * The official FHIR validator as a process that stays alive.
 *
 * Arguments: release (R4 or R5), then folders or .tgz packages with own definitions.
 * Standard input: one request per line, a file path (validate it) or a JSON object with "op":
 * validate {path, profiles}, snapshot {path}, evaluate {path, expression}, check {type, context, expression}.
 * Standard output: the line {"ready": …}, then one JSON line per request; nothing else is printed there.
 */
public final class Validate {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> CONFORMANCE =
            Set.of("StructureDefinition", "CodeSystem", "ValueSet", "SearchParameter", "ConceptMap", "NamingSystem");

    private final FhirContext context;
    private final PrePopulatedValidationSupport own;
    private final ValidationSupportChain chain;
    private final FhirValidator validator;
    private int loaded;

    private Validate(FhirContext context, List<String> sources) throws Exception {
        this.context = context;
        this.own = new PrePopulatedValidationSupport(context);
        for (String source : sources) {
            load(Path.of(source));
        }
        UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
        unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
        this.chain = new ValidationSupportChain(
                own,
                new CoreDefinitions(context),
                new SnapshotGeneratingValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context),
                new DisplayCheckingTerminology(context),
                unknown);
        // Else every coding of a concept must be in a required value set: local code + LOINC would fail.
        chain.setCodeableConceptValidationSuccessfulIfNotAllCodingsAreValid(true);
        this.validator = context.newValidator();
        validator.registerValidatorModule(module());
    }

    private FhirInstanceValidator module() {
        FhirInstanceValidator module = new FhirInstanceValidator(chain);
        String version = context.getVersion().getVersion().getFhirVersionString();
        module.setWrappedWorkerContext(chain, new Worker(chain, version.substring(0, 3)));
        module.setAssumeValidRestReferences(true);  // else a wrong target type in Patient/1 is not seen
        module.setErrorForUnknownProfiles(true);
        module.setAnyExtensionsAllowed(false);
        module.setValidatorPolicyAdvisor(new FhirDefaultPolicyAdvisor() {
            @Override
            public boolean isSuppressMessageId(String path, String messageId) {
                return false;  // the default hides wrong reference targets inside a Bundle
            }
        });
        return module;
    }

    private void load(Path source) throws Exception {
        if (Files.isDirectory(source)) {
            try (Stream<Path> files = Files.list(source)) {
                for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                    add(Files.readString(file));
                }
            }
            return;
        }
        try (InputStream stream = Files.newInputStream(source)) {
            NpmPackage npm = NpmPackage.fromPackage(stream);
            for (String name : npm.listResources(CONFORMANCE)) {
                add(new String(npm.loadResource(name).readAllBytes(), StandardCharsets.UTF_8));
            }
        }
    }

    private void add(String json) throws Exception {
        if (CONFORMANCE.contains(JSON.readTree(json).path("resourceType").asText())) {
            own.addResource(context.newJsonParser().parseResource(json));
            loaded++;
        }
    }

    // ---- requests -------------------------------------------------------------------------------

    private ObjectNode answer(String line) {
        ObjectNode out = JSON.createObjectNode();
        try {
            JsonNode request = line.startsWith("{") ? JSON.readTree(line) : JSON.createObjectNode().put("path", line);
            switch (request.path("op").asText("validate")) {
                case "validate" -> validate(request, out);
                case "snapshot" -> snapshot(request, out);
                case "evaluate" -> evaluate(request, out);
                case "check" -> check(request, out);
                default -> out.put("error", "unknown op " + request.path("op").asText());
            }
        } catch (Throwable problem) {  // the process must outlive any single request
            out.put("error", problem.getClass().getSimpleName() + ": " + problem.getMessage());
        }
        return out;
    }

    private static String read(JsonNode request) throws Exception {
        return Files.readString(Path.of(request.get("path").asText()), StandardCharsets.UTF_8);
    }

    private void validate(JsonNode request, ObjectNode out) throws Exception {
        ValidationOptions options = new ValidationOptions();
        request.path("profiles").forEach(profile -> options.addProfile(profile.asText()));
        ArrayNode messages = out.putArray("messages");
        for (SingleValidationMessage message : validator.validateWithResult(read(request), options).getMessages()) {
            ResultSeverityEnum severity = message.getSeverity();
            ObjectNode node = messages.addObject();
            node.put("severity", severity == null ? "information" : severity.getCode());
            node.put("location", message.getLocationString());
            node.put("id", message.getMessageId());
            node.put("line", message.getLocationLine());
            node.put("column", message.getLocationCol());
            node.put("text", message.getMessage());
        }
    }

    private void snapshot(JsonNode request, ObjectNode out) throws Exception {
        ObjectNode bare = (ObjectNode) JSON.readTree(read(request));
        bare.remove("snapshot");
        IBaseResource parsed = context.newJsonParser().parseResource(bare.toString());
        String url = bare.path("url").asText();
        IBaseResource made = chain.generateSnapshot(
                new ValidationSupportContext(chain), parsed, url, "", bare.path("name").asText());
        out.set("resource", JSON.readTree(context.newJsonParser().encodeResourceToString(made)));
    }

    private void evaluate(JsonNode request, ObjectNode out) throws Exception {
        IBaseResource resource = context.newJsonParser().parseResource(read(request));
        ArrayNode results = out.putArray("results");
        String expression = request.get("expression").asText();
        for (IBase found : context.newFhirPath().evaluate(resource, expression, IBase.class)) {
            results.add(found.fhirType() + " " + context.newJsonParser().encodeToString(found));
        }
    }

    /** The reference type checker: names a misspelt element or function that evaluation lets through. */
    private void check(JsonNode request, ObjectNode out) {
        String type = request.get("type").asText();
        String at = request.get("context").asText();
        String expression = request.get("expression").asText();
        List<String> types = new ArrayList<>();
        if (context.getVersion().getVersion() == FhirVersionEnum.R4) {
            var worker = new org.hl7.fhir.r4.hapi.ctx.HapiWorkerContext(context, chain);
            types.addAll(new org.hl7.fhir.r4.fhirpath.FHIRPathEngine(worker)
                    .check(null, type, type, at, expression).getTypes());
        } else {
            // HAPI's R5 worker cannot list types; the validator's own can.
            types.addAll(new org.hl7.fhir.r5.fhirpath.FHIRPathEngine(new Worker(chain, "5.0"))
                    .check(null, type, type, at, expression).getTypes());
        }
        ArrayNode node = out.putArray("types");
        types.stream().sorted().forEach(node::add);
    }

    // ---- settings that the defaults get wrong ------------------------------------------------------

    /** Core definitions without the empty stubs of LOINC and SNOMED CT that R5 carries. */
    private static final class CoreDefinitions extends DefaultProfileValidationSupport {
        CoreDefinitions(FhirContext context) {
            super(context);
        }

        @Override
        public IBaseResource fetchCodeSystem(String system) {
            boolean stub = "http://loinc.org".equals(system) || "http://snomed.info/sct".equals(system);
            return stub ? null : super.fetchCodeSystem(system);
        }
    }

    /** Terminology from the loaded definitions; compares displays too. */
    private static final class DisplayCheckingTerminology extends InMemoryTerminologyServerValidationSupport {
        DisplayCheckingTerminology(FhirContext context) {
            super(context);
        }

        @Override
        public CodeValidationResult validateCodeInValueSet(ValidationSupportContext support,
                ConceptValidationOptions options, String system, String code, String display, IBaseResource set) {
            return super.validateCodeInValueSet(support, withDisplay(options), system, code, display, set);
        }

        @Override
        public CodeValidationResult validateCode(ValidationSupportContext support, ConceptValidationOptions options,
                String system, String code, String display, String setUrl) {
            return super.validateCode(support, withDisplay(options), system, code, display, setUrl);
        }

        private static ConceptValidationOptions withDisplay(ConceptValidationOptions options) {
            return ConceptValidationOptions.copy(options).setValidateDisplay(true);
        }
    }

    private static final class Worker extends WorkerContextValidationSupportAdapter {
        private final String version;

        Worker(IValidationSupport support, String version) {
            super(support);
            this.version = version;
        }

        /** "4.0" and not "4.0.1": with the long form the core looks for packages in the network. */
        @Override
        public String getVersion() {
            return version;
        }

        /** One coding in the value set suffices, but no coding of a known system may be unknown to it. */
        @Override
        public ValidationResult validateCode(org.hl7.fhir.utilities.validation.ValidationOptions options,
                CodeableConcept concept, ValueSet set) {
            for (Coding coding : concept.getCoding()) {
                if (coding.hasSystem() && coding.hasCode() && fetchCodeSystem(coding.getSystem()) != null) {
                    ValidationResult single = super.validateCode(
                            options, coding.getSystem(), null, coding.getCode(), coding.getDisplay());
                    if (!single.isOk()) {
                        return single;
                    }
                }
            }
            return super.validateCode(options, concept, set);
        }
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);  // whatever a library prints must not mix with the answers
        FhirContext context = "R4".equals(arguments[0]) ? FhirContext.forR4() : FhirContext.forR5();
        Validate service = new Validate(context, List.of(arguments).subList(1, arguments.length));
        answers.println(JSON.createObjectNode().put("ready", arguments[0]).put("definitions", service.loaded));
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            if (!line.isBlank()) {
                answers.println(service.answer(line.strip()));
            }
        }
    }
}
