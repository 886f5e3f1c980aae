using System.Text.Json;
using System.Text.Unicode;
using Registry.Core.Errors;

namespace Registry.Core.Oci;

/// <summary>
/// Reads a manifest that is being pushed. Refuses anything that two readers could understand differently: duplicate keys, keys that Go
/// folds into known ones, a body that is both an image and an index (CVE-2021-41190), a type that does not follow from the bytes.
/// </summary>
public static class ManifestReader
{
    private static readonly string[] ManifestKeys =
        ["schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"];

    private static readonly string[] DescriptorKeys =
        ["mediaType", "artifactType", "digest", "size", "urls", "annotations", "data", "platform"];

    private static readonly string[] PlatformKeys = ["architecture", "os", "os.version", "os.features", "variant", "features"];

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Reads a manifest.</summary>
    /// <param name="bytes">The body as received.</param>
    /// <param name="contentType">Content-Type without parameters; null without the header.</param>
    /// <param name="maxDescriptors">Largest number of layers, or of children of an index.</param>
    /// <returns>The manifest, or a MANIFEST_INVALID error that names the fault.</returns>
    public static Result<Manifest> Read(ReadOnlyMemory<byte> bytes, string? contentType, int maxDescriptors = int.MaxValue)
    {
        var expectedType = contentType is null ? null : MediaTypes.FindManifest(contentType);
        if (contentType is not null && expectedType is null)
        {
            return Invalid(
                $"Content-Type '{contentType}' is not a manifest type; use {MediaTypes.OciManifest}, {MediaTypes.OciIndex}, " +
                $"{MediaTypes.DockerManifest} or {MediaTypes.DockerManifestList}");
        }

        if (!Utf8.IsValid(bytes.Span))
        {
            return Invalid("the body is not valid UTF-8");
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, Options);
            return ReadDocument(document.RootElement, expectedType, maxDescriptors);
        }
        catch (JsonException e)
        {
            return Invalid($"the body is not valid JSON: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            // GetString and property names throw this for escapes that are not Unicode text, such as a lone surrogate.
            return Invalid("a string in the body is not valid Unicode");
        }
        catch (ManifestFault fault)
        {
            return new RegistryError(fault.Code, fault.Message);
        }
    }

    private static Manifest ReadDocument(JsonElement root, string? expectedType, int maxDescriptors)
    {
        Expect(root, JsonValueKind.Object, "the body");
        RefuseFoldedKeys(root, ManifestKeys, "the manifest");
        if (!root.TryGetProperty("schemaVersion", out var version) || !version.TryGetInt32Strict(out var number) || number != 2)
        {
            throw new ManifestFault("schemaVersion must be 2");
        }

        var config = Optional(root, "config");
        var layers = Optional(root, "layers");
        var manifests = Optional(root, "manifests");

        // Go writes a list without entries as null: only the key distinguishes an empty index from an image.
        var hasManifests = manifests is not null || (config is null && root.TryGetProperty("manifests", out _));
        var mediaType = DecideType(OptionalString(root, "mediaType", "mediaType"), expectedType, hasManifests);
        var isIndex = MediaTypes.IsIndex(mediaType);
        if (isIndex ? config is not null || layers is not null : manifests is not null)
        {
            throw new ManifestFault("the body is both an image (config, layers) and an index (manifests)");
        }

        if (!isIndex && config is null)
        {
            throw new ManifestFault("config is missing");
        }

        var configDescriptor = config is { } c ? ReadDescriptor(c, "config") : null;
        var artifactType = OptionalString(root, "artifactType", "artifactType");
        return new Manifest
        {
            MediaType = mediaType,
            Config = configDescriptor,
            Layers = ReadDescriptors(layers, "layers", maxDescriptors),
            Manifests = ReadDescriptors(manifests, "manifests", maxDescriptors),
            Subject = Optional(root, "subject") is { } subject ? ReadDescriptor(subject, "subject") : null,
            ArtifactType = artifactType ?? configDescriptor?.MediaType,
            Annotations = ReadAnnotations(root, "annotations"),
        };
    }

    // A type that does not follow from the bytes would be lost when the metadata is rebuilt from the tree.
    private static string DecideType(string? declared, string? expected, bool hasManifests)
    {
        var fromBytes = declared is null
            ? hasManifests ? MediaTypes.OciIndex : MediaTypes.OciManifest
            : MediaTypes.FindManifest(declared) ?? throw new ManifestFault($"mediaType '{declared}' is not a manifest type");
        if (expected is null || expected == fromBytes)
        {
            return fromBytes;
        }

        throw new ManifestFault(
            declared is not null ? $"mediaType is '{declared}' but Content-Type is '{expected}'"
            : expected is MediaTypes.DockerManifest or MediaTypes.DockerManifestList
                ? $"a manifest of type '{expected}' must carry it as mediaType"
                : $"Content-Type is '{expected}' but the body reads as '{fromBytes}'");
    }

    private static List<Descriptor> ReadDescriptors(JsonElement? array, string path, int limit)
    {
        if (array is not { } elements)
        {
            return [];
        }

        Expect(elements, JsonValueKind.Array, path);
        if (elements.GetArrayLength() > limit)
        {
            throw new ManifestFault($"{path} has {elements.GetArrayLength()} entries; at most {limit} are accepted")
            {
                Code = RegistryErrorCode.ManifestTooLarge,
            };
        }

        var descriptors = new List<Descriptor>(elements.GetArrayLength());
        foreach (var element in elements.EnumerateArray())
        {
            descriptors.Add(ReadDescriptor(element, $"{path}[{descriptors.Count}]"));
        }

        return descriptors;
    }

    private static Descriptor ReadDescriptor(JsonElement element, string path)
    {
        Expect(element, JsonValueKind.Object, path);
        RefuseFoldedKeys(element, DescriptorKeys, path);
        var mediaType = OptionalString(element, "mediaType", $"{path}.mediaType");
        if (mediaType is null)
        {
            throw new ManifestFault($"{path}.mediaType is missing");
        }

        if (!Digest.TryParse(OptionalString(element, "digest", $"{path}.digest"), out var digest))
        {
            throw new ManifestFault($"{path}.digest is not a sha256 or sha512 digest");
        }

        if (!element.TryGetProperty("size", out var sizeElement) || !sizeElement.TryGetInt64Strict(out var size) || size < 0)
        {
            throw new ManifestFault($"{path}.size is not a number of bytes");
        }

        OptionalString(element, "artifactType", $"{path}.artifactType");
        ReadAnnotations(element, $"{path}.annotations");
        if (Optional(element, "platform") is { } platform)
        {
            Expect(platform, JsonValueKind.Object, $"{path}.platform");
            RefuseFoldedKeys(platform, PlatformKeys, $"{path}.platform");
        }

        return new Descriptor(mediaType, digest, size);
    }

    private static string? ReadAnnotations(JsonElement owner, string path)
    {
        if (Optional(owner, "annotations") is not { } annotations)
        {
            return null;
        }

        Expect(annotations, JsonValueKind.Object, path);
        foreach (var annotation in annotations.EnumerateObject())
        {
            if (annotation.Value.ValueKind != JsonValueKind.String)
            {
                throw new ManifestFault($"{path}: the value of '{annotation.Name}' is not a string");
            }

            // Throws for invalid Unicode: the referrers listing repeats annotations, and clients must be able to read them.
            annotation.Value.GetString();
        }

        return annotations.GetRawText();
    }

    // null stands for an absent value, as in Go, which writes empty slices and pointers this way.
    private static JsonElement? Optional(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    // Likewise the empty string, which Go writes for a field without a value and which is neither a media type nor a digest.
    private static string? OptionalString(JsonElement owner, string name, string path)
    {
        if (Optional(owner, name) is not { } value)
        {
            return null;
        }

        Expect(value, JsonValueKind.String, path);
        return value.GetString() is { Length: > 0 } text ? text : null;
    }

    private static void Expect(JsonElement element, JsonValueKind kind, string path)
    {
        if (element.ValueKind != kind)
        {
            throw new ManifestFault($"{path} must be {Article(kind)}, not {Article(element.ValueKind)}");
        }
    }

    private static string Article(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a boolean",
    };

    private static void RefuseFoldedKeys(JsonElement element, string[] knownKeys, string path)
    {
        foreach (var property in element.EnumerateObject())
        {
            if (GoJson.FoldsInto(property.Name, knownKeys) is { } known)
            {
                throw new ManifestFault($"{path}: the key '{property.Name}' reads as '{known}' to some clients and not to others");
            }
        }
    }

    private static RegistryError Invalid(string detail) => new(RegistryErrorCode.ManifestInvalid, detail);

    private static bool TryGetInt32Strict(this JsonElement element, out int value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value);
    }

    private static bool TryGetInt64Strict(this JsonElement element, out long value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out value);
    }

    private sealed class ManifestFault(string message) : Exception(message)
    {
        public RegistryErrorCode Code { get; init; } = RegistryErrorCode.ManifestInvalid;
    }
}
