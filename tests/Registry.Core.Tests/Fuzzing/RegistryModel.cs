using Registry.Core.Oci;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>
/// What a registry must answer after everything that its clients were told, as docs/storage.md promises it, in plain collections. When exactly
/// the collector takes a blob away is left open where the promises leave it open: the model takes over what it sees.
/// </summary>
/// <param name="repositories">The repositories.</param>
/// <param name="time">The wall clock.</param>
internal sealed class RegistryModel(IEnumerable<RepositoryName> repositories, Func<DateTimeOffset> time)
{
    private readonly Dictionary<RepositoryName, ModelRepository> _repositories = repositories.ToDictionary(name => name, _ => new ModelRepository(time));

    public IReadOnlyDictionary<RepositoryName, ModelRepository> Repositories => _repositories;

    public List<ModelUpload> Uploads { get; } = [];

    /// <summary>Bytes without a reference when the metadata was rebuilt: the new metadata may not know them.</summary>
    public HashSet<Digest> Leftovers { get; } = [];

    /// <summary>Grace period, in seconds.</summary>
    public const int Grace = 60;

    /// <summary>Seconds on the clock of the clients.</summary>
    public long Now { get; set; }

    /// <summary>Last second at which content must be there that nothing needs any more, or that was pushed.</summary>
    public long EndOfGrace => Now + Grace;

    /// <summary>Last second at which content must be there that an answer has confirmed.</summary>
    public long EndOfPromise => Now + (Grace / 2);

    public ModelRepository this[RepositoryName name] => Repositories[name];

    /// <summary>Gives a repository the name of one that is empty.</summary>
    public void Rename(RepositoryName name, RepositoryName newName)
    {
        _repositories[newName] = _repositories[name];
        _repositories[name] = new ModelRepository(time);
    }

    /// <summary>Digests whose bytes a pull from some repository can request, or a restore.</summary>
    public IReadOnlySet<Digest> Stored() =>
        Repositories.Values.SelectMany(repository => repository.Links.Concat(repository.Manifests.Keys).Concat(repository.Trash.Keys)).ToHashSet();

    /// <summary>Repositories that the catalog lists.</summary>
    public IReadOnlyList<string> Catalog() =>
        [.. Repositories.Where(entry => entry.Value.Manifests.Count > 0).Select(entry => entry.Key.Value).Order(StringComparer.Ordinal)];
}
