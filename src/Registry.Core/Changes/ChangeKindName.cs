using System.Collections.Frozen;

namespace Registry.Core.Changes;

/// <summary>Names of the kinds of changes that people see.</summary>
public static class ChangeKindName
{
    private static readonly FrozenDictionary<ChangeKind, string> Names = new Dictionary<ChangeKind, string>
    {
        [ChangeKind.ManifestAdded] = "manifest-added",
        [ChangeKind.ManifestRemoved] = "manifest-removed",
        [ChangeKind.TagSet] = "tag-set",
        [ChangeKind.TagRemoved] = "tag-removed",
        [ChangeKind.RepositoryRenamed] = "repository-renamed",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, ChangeKind> Kinds = Names.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>All names, in a fixed order.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Names.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

    /// <summary>Name of the kind of a change of the history (<see cref="RegistryChange.IsHistory"/>).</summary>
    public static string Of(ChangeKind kind) => Names[kind];

    /// <summary>Finds the kind of a name.</summary>
    public static bool TryParse(string name, out ChangeKind kind) => Kinds.TryGetValue(name, out kind);
}
