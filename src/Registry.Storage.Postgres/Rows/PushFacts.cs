using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Policies;
using Registry.Storage.Postgres.Trash;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Facts on which a push of a manifest is decided. Complete when the session has sent the queries.</summary>
internal sealed class PushFacts
{
    private const int MaxNamed = 100;

    private readonly ManifestPut _put;
    private readonly IChangeRules _rules;
    private readonly List<string> _missingBlobs = [];
    private readonly List<string> _missingContent = [];
    private readonly List<(string Tag, TaggedManifest Manifest)> _tags;
    private readonly List<(string Tag, Digest Digest)> _kept;
    private readonly List<(long Id, StoredBlob Blob)> _known;
    private readonly List<(TrashRow Row, StoredBlob Blob)> _trashed;
    private Dictionary<string, TaggedManifest>? _tagged;

    private PushFacts(PostgresSession session, IChangeRules rules, ManifestPut put, PushedReferences references)
    {
        _put = put;
        _rules = rules;

        if (put.FromTrash is { } entry)
        {
            _missingBlobs = TrashRows.AskMissing(session, entry, MaxNamed);
            references = references.WithoutRequired();
        }

        // Content whose bytes are lost does not count until it is pushed again.
        if (references.Blobs.Length > 0)
        {
            _missingBlobs = session.Ask(
                """
                SELECT d FROM unnest($2) d WHERE NOT EXISTS (
                    SELECT 1 FROM content c JOIN blob_links l ON l.content_id = c.id AND l.repository_id = (SELECT id FROM repositories WHERE name = $1)
                    WHERE c.digest = d AND c.state = 1)
                LIMIT $3
                """,
                row => row.GetString(0),
                put.Repository.Value,
                references.Blobs,
                MaxNamed);
        }

        if (references.Content.Length > 0)
        {
            _missingContent = session.Ask(
                """
                SELECT d FROM unnest($2) d WHERE NOT EXISTS (
                    SELECT 1 FROM content c JOIN manifests m ON m.content_id = c.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1)
                    WHERE c.digest = d AND c.state = 1)
                AND NOT EXISTS (
                    SELECT 1 FROM content c JOIN blob_links l ON l.content_id = c.id AND l.repository_id = (SELECT id FROM repositories WHERE name = $1)
                    WHERE c.digest = d AND c.state = 1)
                LIMIT $3
                """,
                row => row.GetString(0),
                put.Repository.Value,
                references.Content,
                MaxNamed);
        }

        _tags = TagRows.Ask(session, put.Repository, put.Reference.Tag is { } tag ? put.Tags.Append(tag) : put.Tags);
        _kept = KeptTagRows.Ask(session, rules, put.Origin, put.Repository, put.Tags);
        _known = session.Ask(
            """
            SELECT m.id, c.size, c.place FROM content c
            JOIN manifests m ON m.content_id = c.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1) WHERE c.digest = $2
            """,
            row => (row.GetInt64(0), new StoredBlob(row.GetInt64(1), new BlobPlace(put.Digest, ContentRows.ReadText(row, 2)))),
            put.Repository.Value,
            put.Digest.Value);
        _trashed = TrashRows.Ask(session, put.Repository, put.Digest);
    }

    /// <summary>Row of the manifest, if the repository has it already.</summary>
    public long? KnownId => _known.Count > 0 ? _known[0].Id : null;

    /// <summary>Record of the manifest, if the repository has it already, or in the trash from which the push takes it.</summary>
    public StoredBlob? Known => _known.Count > 0 ? _known[0].Blob : IsInTrash ? _trashed[0].Blob : null;

    /// <summary>Entry of the manifest in the trash; null if there is none.</summary>
    public TrashRow? Trashed => _trashed.Count > 0 ? _trashed[0].Row : null;

    /// <summary>Those of the <see cref="Tags"/> that the push sets.</summary>
    public IReadOnlyList<KeyValuePair<Tag, TaggedManifest?>> SetTags => _put.OnlyNewTags ? [.. Tags.Where(tag => tag.Value is null)] : Tags;

    /// <summary>Tags of the push, each once, with the manifests that they refer to now.</summary>
    public IReadOnlyList<KeyValuePair<Tag, TaggedManifest?>> Tags =>
        [.. _put.Tags.Distinct().Select(tag => KeyValuePair.Create(tag, Find(tag)))];

    /// <summary>Collects the queries.</summary>
    public static PushFacts Ask(PostgresSession session, IChangeRules rules, ManifestPut put, PushedReferences references) => new(session, rules, put, references);

    /// <summary>Decides whether the references, the precondition and the rules allow the push.</summary>
    /// <returns>The refusal; null if the manifest may be pushed.</returns>
    public RegistryError? FindRefusal() => FindFault() ?? FindRuleAgainst();

    /// <summary>Decides whether the references and the precondition allow the push.</summary>
    /// <returns>The refusal; null if there is none.</returns>
    public RegistryError? FindFault()
    {
        if (_missingBlobs.Count + _missingContent.Count > 0)
        {
            return new RegistryError(RegistryErrorCode.ManifestBlobUnknown, [.. _missingBlobs.Concat(_missingContent).Take(MaxNamed)]);
        }

        // After the references (RFC 9110, section 13.2.1): otherwise a push that cannot succeed would tell a caller who may not pull whether a tag
        // exists.
        var current = _put.Reference.Tag is { } tag ? Find(tag)?.Digest : KnownId is null ? null : _put.Digest;
        return !_put.Precondition.Holds(current) ? RegistryErrorCode.PreconditionFailed
            : (_put.MustExist && KnownId is null) || (_put.FromTrash is not null && !IsInTrash) ? RegistryErrorCode.ManifestUnknown
            : (RegistryError?)null;
    }

    /// <summary>Asks the rules about the manifest, unless the repository has it, and about its tags.</summary>
    /// <returns>The first refusal; null if there is none.</returns>
    public RegistryError? FindRuleAgainst()
    {
        if (KnownId is null && _rules.CheckManifest(new ManifestChange(_put.Repository, _put.Digest, _put.Size, _put.Manifest, _put.Origin)) is { } refused)
        {
            return refused;
        }

        foreach (var (tag, before) in SetTags)
        {
            if (_rules.CheckTag(new TagChange(_put.Repository, tag, before?.Digest, _put.Digest, _put.Origin) { Kept = before is null ? FindKept(tag) : null }) is { } forbidden)
            {
                return forbidden;
            }
        }

        return null;
    }

    private bool IsInTrash => _put.FromTrash is { } entry && Trashed?.Id == entry;

    private Digest? FindKept(Tag tag) => _kept.Find(kept => kept.Tag == tag.Value) is var found && found.Tag is null ? null : found.Digest;

    private TaggedManifest? Find(Tag tag)
    {
        _tagged ??= _tags.ToDictionary(one => one.Tag, one => one.Manifest, StringComparer.Ordinal);
        return _tagged.TryGetValue(tag.Value, out var manifest) ? manifest : null;
    }
}
