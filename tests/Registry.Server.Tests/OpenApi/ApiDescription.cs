using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Registry.Server.Tests.OpenApi;

/// <summary>The description of the API that registries serve.</summary>
internal sealed class ApiDescription
{
    public const string File = "src/Registry.Server/Api/openapi.json";

    private const string Schemas = "#/components/schemas/";

    private readonly JsonElement _root = JsonElement.Parse(System.IO.File.ReadAllBytes(SourceTree.Locate(File)));
    private readonly JsonNode _definitions;
    private readonly Dictionary<string, JsonSchema> _built = [];

    public ApiDescription()
    {
        Operations =
        [
            .. _root.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => Read(method.Name.ToUpperInvariant(), path.Name, method.Value))),
        ];

        // Clients ignore members that they do not know. Here, each that the registry writes must be described.
        _definitions = JsonNode.Parse(_root.GetProperty("components").GetProperty("schemas").GetRawText().Replace(Schemas, "#/$defs/", StringComparison.Ordinal))!;
        foreach (var schema in _definitions.AsObject().Select(one => one.Value!.AsObject()).Where(schema => schema.ContainsKey("properties")))
        {
            schema["additionalProperties"] = false;
        }
    }

    /// <summary>All operations.</summary>
    public IReadOnlyList<ApiOperation> Operations { get; }

    /// <summary>Every object of the description that is a reference.</summary>
    public IEnumerable<string> References => All(_root).Where(element => element.ValueKind == JsonValueKind.Object && element.TryGetProperty("$ref", out _))
        .Select(element => element.GetProperty("$ref").GetString()!);

    /// <summary>Everything that can be referred to.</summary>
    public IEnumerable<string> Components => _root.GetProperty("components").EnumerateObject().Where(kind => kind.Name != "securitySchemes")
        .SelectMany(kind => kind.Value.EnumerateObject().Select(one => $"#/components/{kind.Name}/{one.Name}"));

    /// <summary>Finds an operation.</summary>
    public ApiOperation Find(string method, string path) => Operations.Single(operation => operation.Method == method && operation.Path == path.Split('?')[0]);

    /// <summary>Checks an answer: its media type, and its body by the schema.</summary>
    public void Check(ApiOperation operation, Answer answer)
    {
        var responses = operation.Json.GetProperty("responses");
        var response = Resolve(responses.TryGetProperty(answer.Status.ToString(CultureInfo.InvariantCulture), out var own) ? own : responses.GetProperty("default"));
        if (!response.TryGetProperty("content", out var content))
        {
            Assert.Empty(answer.Body);
            return;
        }

        var described = Assert.Single(content.EnumerateObject());
        Assert.Equal(described.Name, answer["Content-Type"]);
        var result = SchemaOf(described.Value.GetProperty("schema")).Evaluate(answer.Json, new EvaluationOptions { OutputFormat = OutputFormat.List, RequireFormatValidation = true });
        var faults = (result.Details ?? []).Where(detail => detail.Errors is not null).SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}"));
        Assert.True(result.IsValid, $"{operation.Method} {operation.Path}: {string.Join("; ", faults)}: {answer}");
    }

    private ApiOperation Read(string method, string path, JsonElement json) => new(
        method,
        path,
        json,
        [
            .. json.GetProperty("parameters").EnumerateArray().Select(Resolve)
                .Where(parameter => parameter.GetProperty("in").GetString() == "query")
                .Select(parameter => (parameter.GetProperty("name").GetString()!, parameter.TryGetProperty("required", out var required) && required.GetBoolean())),
        ],
        [.. json.GetProperty("responses").EnumerateObject().Where(response => response.Name != "default").Select(response => int.Parse(response.Name, CultureInfo.InvariantCulture)).Order()]);

    private JsonElement Resolve(JsonElement element)
    {
        if (!element.TryGetProperty("$ref", out var reference))
        {
            return element;
        }

        return reference.GetString()!.Split('/').Skip(1).Aggregate(_root, (parent, name) => parent.GetProperty(name));
    }

    private JsonSchema SchemaOf(JsonElement schema)
    {
        var text = schema.GetRawText().Replace(Schemas, "#/$defs/", StringComparison.Ordinal);
        if (!_built.TryGetValue(text, out var built))
        {
            var whole = JsonNode.Parse(text)!.AsObject();
            whole["$schema"] = "https://json-schema.org/draft/2020-12/schema";
            whole["$defs"] = _definitions.DeepClone();
            _built[text] = built = JsonSchema.FromText(whole.ToJsonString());
        }

        return built;
    }

    private static IEnumerable<JsonElement> All(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => All(member.Value)).Prepend(element),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(All),
        _ => [],
    };
}
