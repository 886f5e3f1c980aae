namespace Registry.Server.Web.Images;

/// <summary>What two images have in common, and in what they differ.</summary>
internal sealed record ImageDifference
{
    /// <summary>The layers: first those of both, in the order of the first image, then those of the first alone, then those of the second alone. Each digest once.</summary>
    public required IReadOnlyList<LayerDifference> Layers { get; init; }

    /// <summary>Facts of the configs that differ.</summary>
    public required IReadOnlyList<FactDifference> Config { get; init; }

    /// <summary>Labels that differ.</summary>
    public required IReadOnlyList<FactDifference> Labels { get; init; }

    /// <summary>Annotations that differ.</summary>
    public required IReadOnlyList<FactDifference> Annotations { get; init; }

    /// <summary>Compares two images.</summary>
    public static ImageDifference Between(ImageView first, ImageView second)
    {
        var (ofFirst, ofSecond) = (first.Layers.DistinctBy(layer => layer.Blob.Digest).ToList(), second.Layers.DistinctBy(layer => layer.Blob.Digest).ToList());
        var (inFirst, inSecond) = (ofFirst.Select(layer => layer.Blob.Digest).ToHashSet(), ofSecond.Select(layer => layer.Blob.Digest).ToHashSet());
        return new ImageDifference
        {
            Layers =
            [
                .. ofFirst.Where(layer => inSecond.Contains(layer.Blob.Digest)).Select(layer => new LayerDifference(layer, true, true)),
                .. ofFirst.Where(layer => !inSecond.Contains(layer.Blob.Digest)).Select(layer => new LayerDifference(layer, true, false)),
                .. ofSecond.Where(layer => !inFirst.Contains(layer.Blob.Digest)).Select(layer => new LayerDifference(layer, false, true)),
            ],
            Config = [.. Differ(FactsOf(first.Config), FactsOf(second.Config)), .. Differ(Variables(first.Config), Variables(second.Config))],
            Labels = [.. Differ(first.Config?.Labels ?? [], second.Config?.Labels ?? [])],
            Annotations = [.. Differ(first.Annotations, second.Annotations)],
        };
    }

    private static IReadOnlyList<KeyValuePair<string, string>> FactsOf(ImageConfig? config) => config is null ? [] :
    [
        new("Platform", config.Platform),
        new("Created", config.Created ?? string.Empty),
        new("Author", config.Author ?? string.Empty),
        new("Entry point", string.Join(' ', config.EntryPoint)),
        new("Command", string.Join(' ', config.Command)),
        new("Ports", string.Join(' ', config.Ports.Order(StringComparer.Ordinal))),
        new("Volumes", string.Join(' ', config.Volumes.Order(StringComparer.Ordinal))),
        new("User", config.User ?? string.Empty),
        new("Working directory", config.WorkingDirectory ?? string.Empty),
        new("Stop signal", config.StopSignal ?? string.Empty),
    ];

    // A client may have sent a key twice; the last one counts.
    private static IEnumerable<FactDifference> Differ(IReadOnlyList<KeyValuePair<string, string>> first, IReadOnlyList<KeyValuePair<string, string>> second)
    {
        var (ofFirst, ofSecond) = (ByKey(first), ByKey(second));
        return ofFirst.Keys.Union(ofSecond.Keys)
            .Select(key => new FactDifference(key, ofFirst.GetValueOrDefault(key), ofSecond.GetValueOrDefault(key)))
            .Where(fact => (fact.First ?? string.Empty) != (fact.Second ?? string.Empty));
    }

    // Each by its name.
    private static IReadOnlyList<KeyValuePair<string, string>> Variables(ImageConfig? config) =>
        [.. (config?.Environment ?? []).Select(one => one.Split('=', 2)).Select(parts => KeyValuePair.Create($"Environment {parts[0]}", parts.Length > 1 ? parts[1] : string.Empty))];

    private static Dictionary<string, string> ByKey(IReadOnlyList<KeyValuePair<string, string>> pairs) =>
        pairs.GroupBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().Value, StringComparer.Ordinal);
}
