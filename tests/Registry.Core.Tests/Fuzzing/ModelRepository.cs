using System.Text;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>Expected content of a repository.</summary>
/// <param name="time">The wall clock.</param>
internal sealed class ModelRepository(Func<DateTimeOffset> time)
{
    // Last second at which each must be there, even if nothing needs it.
    private readonly Dictionary<Digest, long> _links = [];
    private readonly Dictionary<Digest, long> _manifestsKept = [];
    private readonly HashSet<Digest> _bereft = [];

    private bool _wasPushed;
    private bool _isDeleted;

    /// <summary>
    /// True when anything was ever pushed to it: then it has a list of tags, possibly empty. False after it was deleted as a whole, until a manifest is pushed.
    /// </summary>
    public bool IsKnown => _wasPushed && (!_isDeleted || Manifests.Count > 0);

    /// <summary>True when nothing of it can be seen or restored.</summary>
    public bool IsEmpty => Manifests.Count == 0 && _links.Count == 0 && Trash.Count == 0;

    public Dictionary<Digest, FuzzContent> Manifests { get; } = [];

    public SortedDictionary<string, Digest> Tags { get; } = new(StringComparer.Ordinal);

    public ModelTagHistory History { get; } = new(time);

    /// <summary>Blobs that the repository may see.</summary>
    public IReadOnlyCollection<Digest> Links => _links.Keys;

    public bool Sees(Digest digest) => _links.ContainsKey(digest);

    /// <summary>Deleted manifests that can be restored.</summary>
    public Dictionary<Digest, ModelTrashEntry> Trash { get; } = [];

    /// <summary>True when a manifest of this repository, or one in its trash, refers to a digest.</summary>
    public bool Needs(Digest digest) => Uses(digest) || Trash.Values.Any(entry => entry.Manifest.References.Contains(digest));

    /// <summary>True when a manifest of this repository refers to a digest.</summary>
    public bool Uses(Digest digest) => Manifests.Values.Any(manifest => manifest.References.Contains(digest));

    /// <summary>True when a tag, another manifest or its subject holds a manifest.</summary>
    public bool Holds(Digest manifest) => Tags.ContainsValue(manifest)
        || Needs(manifest)
        || (Manifests[manifest].Manifest!.Subject is { } subject && (Manifests.ContainsKey(subject.Digest) || Trash.ContainsKey(subject.Digest)));

    /// <summary>True for a manifest that stays although nothing holds it: since its push, it has lost neither an index nor its subject.</summary>
    public bool IsRoot(Digest manifest) => !_bereft.Contains(manifest);

    /// <summary>Last second at which a manifest must be there.</summary>
    public long ManifestKeptUntil(Digest manifest) => _manifestsKept[manifest];

    /// <summary>Records that an answer has confirmed a manifest.</summary>
    public void KeepManifest(Digest manifest, long until) => _manifestsKept[manifest] = Math.Max(until, _manifestsKept.GetValueOrDefault(manifest));

    /// <summary>Last second at which a blob must be there.</summary>
    public long KeptUntil(Digest digest) => _links[digest];

    /// <summary>Records that a client has pushed or mounted a blob, or that an answer has confirmed it.</summary>
    public void Keep(Digest digest, long until)
    {
        _links[digest] = Math.Max(until, _links.GetValueOrDefault(digest));
        _wasPushed = true;
    }

    public void Unlink(Digest digest) => _links.Remove(digest);

    /// <summary>Records that the metadata was rebuilt: every grace period begins again, every manifest stays, and no change is known.</summary>
    public void KeepAll(long until)
    {
        // The folders of the tree are still there.
        _isDeleted = false;
        History.Clear();
        _bereft.Clear();
        foreach (var digest in _links.Keys.ToList())
        {
            _links[digest] = until;
        }
    }

    /// <summary>Digest of a manifest, or null when the reference is unknown.</summary>
    public Digest? Find(Reference reference) => reference.Tag is { } tag
        ? Tags.TryGetValue(tag.Value, out var tagged) ? tagged : null
        : Manifests.ContainsKey(reference.Digest!.Value) ? reference.Digest : null;

    /// <summary>Missing references of a manifest, in no particular order.</summary>
    public IReadOnlySet<string> FindMissing(Manifest manifest, ManifestReferences references)
    {
        IEnumerable<Digest> blobs = references == ManifestReferences.Sparse
            ? [] : manifest.Blobs.Select(blob => blob.Digest).Where(digest => !Sees(digest));
        IEnumerable<Digest> children = references != ManifestReferences.Strict
            ? [] : manifest.Manifests.Select(child => child.Digest).Where(digest => !Sees(digest) && !Manifests.ContainsKey(digest));
        return blobs.Concat(children).Select(digest => digest.Value).ToHashSet();
    }

    public void Put(FuzzContent manifest, IEnumerable<Tag> tags, long until)
    {
        (_wasPushed, _isDeleted) = (true, false);
        Trash.Remove(manifest.Digest);
        Manifests[manifest.Digest] = manifest;
        _bereft.Remove(manifest.Digest);
        _manifestsKept[manifest.Digest] = until;
        foreach (var tag in tags)
        {
            if (Tags.TryGetValue(tag.Value, out var before))
            {
                _manifestsKept[before] = until;
            }

            History.Add(tag.Value, Find(tag), manifest.Digest);
            Tags[tag.Value] = manifest.Digest;
        }
    }

    /// <summary>
    /// Deletes a manifest with its tags, or a tag; what only that has held begins its grace period, and the children of an index and the
    /// referrers of a subject no longer stay by themselves.
    /// </summary>
    public void Delete(Reference reference, long until)
    {
        if (reference.Tag is { } tag)
        {
            Tags.Remove(tag.Value, out var tagged);
            _manifestsKept[tagged] = until;
            History.Add(tag.Value, tagged, null);
            return;
        }

        Release(Remove(reference.Digest!.Value).Manifest, until);
    }

    /// <summary>Deletes all manifests with their tags, and at once the blobs that nothing needs any more.</summary>
    public void DeleteAll(bool toTrash, long now, long until)
    {
        // What they referred to was there before the first of them was deleted.
        var required = Manifests.Values.ToDictionary(
            manifest => manifest.Digest, manifest => manifest.References.Where(needed => Sees(needed) || Manifests.ContainsKey(needed)).ToHashSet());
        foreach (var digest in Manifests.Keys.ToList())
        {
            if (toTrash)
            {
                var (manifest, tags) = Remove(digest);
                Trash[digest] = new ModelTrashEntry(manifest, tags, required[digest], now);
            }
            else
            {
                Delete(digest, until);
            }
        }

        foreach (var digest in Links.Where(digest => !Needs(digest)).ToList())
        {
            Unlink(digest);
        }

        _isDeleted = true;
    }

    /// <summary>Deletes a manifest with its tags. It goes on holding what it held.</summary>
    public void MoveToTrash(Digest digest, long now)
    {
        var required = Manifests[digest].References.Where(needed => Sees(needed) || Manifests.ContainsKey(needed)).ToHashSet();
        var (manifest, tags) = Remove(digest);
        Trash[digest] = new ModelTrashEntry(manifest, tags, required, now);
    }

    /// <summary>What an entry of the trash needs, and is gone.</summary>
    public IReadOnlyList<Digest> FindMissing(ModelTrashEntry entry) =>
        [.. entry.Required.Where(needed => !Sees(needed) && !Manifests.ContainsKey(needed))];

    /// <summary>Removes an entry of the trash; what only that has held begins its grace period.</summary>
    public void Expire(Digest digest, long until)
    {
        Trash.Remove(digest, out var entry);
        Release(entry!.Manifest, until);
    }

    /// <summary>Removes an entry of the trash, and at once what only that has held.</summary>
    public void Purge(Digest digest)
    {
        Trash.Remove(digest, out var entry);
        Follow(entry!.Manifest);
    }

    private void Follow(FuzzContent gone)
    {
        Release(gone, until: 0);
        foreach (var blob in gone.References.Where(digest => Sees(digest) && !Needs(digest)).ToList())
        {
            Unlink(blob);
        }

        foreach (var (digest, other) in Manifests.ToList())
        {
            if ((gone.References.Contains(digest) || other.Manifest!.Subject?.Digest == gone.Digest)
                && Manifests.ContainsKey(digest) && !Holds(digest) && !IsRoot(digest))
            {
                Follow(Remove(digest).Manifest);
            }
        }
    }

    private (FuzzContent Manifest, IReadOnlyList<string> Tags) Remove(Digest removed)
    {
        Manifests.Remove(removed, out var manifest);
        History.Remove(removed);
        var tags = Tags.Where(entry => entry.Value == removed).Select(entry => entry.Key).ToList();
        foreach (var name in tags)
        {
            Tags.Remove(name);
            History.Add(name, removed, null);
        }

        return (manifest!, tags);
    }

    private void Release(FuzzContent manifest, long until)
    {
        foreach (var (digest, other) in Manifests)
        {
            var isChild = manifest.References.Contains(digest);
            var isReferrer = other.Manifest!.Subject?.Digest == manifest.Digest;
            if (isChild || isReferrer)
            {
                _manifestsKept[digest] = until;
            }

            if (isReferrer || (isChild && manifest.Manifest!.IsIndex))
            {
                _bereft.Add(digest);
            }
        }

        foreach (var digest in manifest.References.Where(digest => Sees(digest) && !Needs(digest)))
        {
            _links[digest] = until;
        }
    }

    /// <summary>Entry of a manifest in the listing of referrers.</summary>
    public IReadOnlyList<Referrer> Referrers(Digest subject, string? artifactType, Digest? last) =>
        [.. Manifests.Values
            .Where(content => content.Manifest!.Subject?.Digest == subject && (artifactType is null || content.Manifest.ArtifactType == artifactType))
            .Where(content => last is not { } after || content.Digest > after)
            .OrderBy(content => content.Digest)
            .Select(content => new Referrer(
                content.Digest, content.Manifest!.MediaType, content.Bytes.Length, content.Manifest.ArtifactType,
                Encoding.UTF8.GetBytes(content.Manifest.Annotations ?? string.Empty)))];
}
