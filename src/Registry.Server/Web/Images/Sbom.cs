using System.Text.Json;
using Registry.Core.Oci;

namespace Registry.Server.Web.Images;

/// <summary>
/// Packages of a software bill of materials as JSON: SPDX 2.2 and 2.3, or CycloneDX 1.2 and later; also inside an in-toto statement, as buildkit attaches them. The bytes come from
/// a client: what is not understood is left out.
/// </summary>
internal sealed record Sbom
{
    // Of a large image with all its files' packages; more are counted, and not kept.
    private const int MaxPackages = 20_000;

    // License expressions may be long; names are not, except those that attack.
    private const int MaxText = 256;

    private static readonly string[] Types = ["application/spdx+json", "text/spdx+json", "application/vnd.cyclonedx+json", "application/vnd.in-toto+json"];

    /// <summary>Name of the format.</summary>
    public required string Format { get; init; }

    /// <summary>The packages, in the order of the bill.</summary>
    public required IReadOnlyList<SbomPackage> Packages { get; init; }

    /// <summary>True if there are more packages than were read.</summary>
    public bool IsCut { get; init; }

    /// <summary>True if a blob of this type may be a bill.</summary>
    public static bool IsOne(string mediaType) => Types.Contains(mediaType.Split(';')[0].Trim(), StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a bill; null if the bytes are none.</summary>
    public static Sbom? Read(ReadOnlyMemory<byte> bytes)
    {
        using var document = LenientJson.Parse(bytes);
        if (document is null)
        {
            return null;
        }

        var root = document.RootElement.Member("predicate") ?? document.RootElement;
        return root.Text("spdxVersion") is not null ? Create("SPDX", root.Member("packages"), OfSpdx)
            : root.Text("bomFormat") == "CycloneDX" ? Create("CycloneDX", root.Member("components"), OfCycloneDx)
            : null;
    }

    private static Sbom Create(string format, JsonElement? list, Func<JsonElement, SbomPackage?> read)
    {
        var all = list is { ValueKind: JsonValueKind.Array } array ? array : default(JsonElement?);
        return new Sbom
        {
            Format = format,
            Packages = [.. (all?.EnumerateArray() ?? default).Take(MaxPackages).Select(read).OfType<SbomPackage>()],
            IsCut = all?.GetArrayLength() > MaxPackages,
        };
    }

    // SPDX 2.3, clause 7. NOASSERTION says nothing.
    private static SbomPackage? OfSpdx(JsonElement element) => element.Text("name") is not { } name ? null : new SbomPackage(
        Cut(name), Cut(element.Text("versionInfo")), Cut(new[] { element.Text("licenseConcluded"), element.Text("licenseDeclared") }.FirstOrDefault(one => one is not (null or "NOASSERTION" or "NONE"))));

    // CycloneDX 1.6, "components": each license is an id, a name or an expression.
    private static SbomPackage? OfCycloneDx(JsonElement element)
    {
        if (element.Text("name") is not { } name)
        {
            return null;
        }

        var licenses = element.Member("licenses") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().Take(LenientJson.MaxEntries).Select(one => one.Text("expression") ?? one.Member("license")?.Text("id") ?? one.Member("license")?.Text("name")).OfType<string>()
            : [];
        return new SbomPackage(Cut(element.Text("group") is { Length: > 0 } group ? $"{group}/{name}" : name), Cut(element.Text("version")), Cut(string.Join(", ", licenses)));
    }

    private static string Cut(string? text) => text is null ? string.Empty : text.Length <= MaxText ? text : $"{text[..MaxText]}…";
}
