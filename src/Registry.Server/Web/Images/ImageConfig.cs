using System.Text.Json;
using Registry.Core.Oci;

namespace Registry.Server.Web.Images;

/// <summary>Config of an image (OCI image-spec, config.md), as far as a page shows it.</summary>
internal sealed record ImageConfig
{
    private static readonly string[] Types = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

    public string? Created { get; private init; }

    public string? Author { get; private init; }

    /// <summary>Platform, such as <c>linux/amd64</c>; empty if the config has none.</summary>
    public string Platform { get; private init; } = string.Empty;

    public string? User { get; private init; }

    public string? WorkingDirectory { get; private init; }

    public string? StopSignal { get; private init; }

    public IReadOnlyList<string> EntryPoint { get; private init; } = [];

    public IReadOnlyList<string> Command { get; private init; } = [];

    public IReadOnlyList<string> Environment { get; private init; } = [];

    public IReadOnlyList<string> Ports { get; private init; } = [];

    public IReadOnlyList<string> Volumes { get; private init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; private init; } = [];

    public IReadOnlyList<HistoryStep> History { get; private init; } = [];

    /// <summary>True if a config of this type is that of an image.</summary>
    public static bool IsOfImage(string mediaType) => Types.Contains(mediaType, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a config; null if the bytes are none.</summary>
    public static ImageConfig? Read(ReadOnlyMemory<byte> bytes)
    {
        using var document = LenientJson.Parse(bytes);
        if (document is null)
        {
            return null;
        }

        var root = document.RootElement;
        var run = root.Member("config") ?? default;
        return new ImageConfig
        {
            Created = root.Text("created"),
            Author = root.Text("author"),
            Platform = PlatformOf(root),
            User = run.Text("User"),
            WorkingDirectory = run.Text("WorkingDir"),
            StopSignal = run.Text("StopSignal"),
            EntryPoint = run.Texts("Entrypoint"),
            Command = run.Texts("Cmd"),
            Environment = run.Texts("Env"),
            Ports = run.Names("ExposedPorts"),
            Volumes = run.Names("Volumes"),
            Labels = run.Pairs("Labels"),
            History = root.Member("history") is { ValueKind: JsonValueKind.Array } steps
                ? [.. steps.EnumerateArray().Take(LenientJson.MaxEntries).Select(step => new HistoryStep(
                    step.Text("created_by") ?? step.Text("comment") ?? string.Empty, step.Member("empty_layer")?.ValueKind != JsonValueKind.True))]
                : [],
        };
    }

    /// <summary>The platform that an object names: operating system, architecture and variant.</summary>
    public static string PlatformOf(JsonElement element) => string.Join('/', new[] { element.Text("os"), element.Text("architecture"), element.Text("variant") }.Where(part => !string.IsNullOrEmpty(part)));
}
