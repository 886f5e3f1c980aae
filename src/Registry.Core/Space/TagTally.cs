namespace Registry.Core.Space;

/// <summary>
/// Computes the space of the tags of a repository. Deleting a manifest releases what it refers to and its referrers; a manifest without a tag goes when nothing of the
/// repository holds it any more, and releases what it holds in turn.
/// </summary>
internal sealed class TagTally
{
    private readonly Dictionary<long, Node> _nodes = [];
    private readonly bool _withOthers;
    private int _visit;

    /// <param name="content">What the repository has.</param>
    /// <param name="withOthers">True to count what other repositories hold as not unique; false as if there were no others.</param>
    private TagTally(RepositoryContent content, bool withOthers)
    {
        _withOthers = withOthers;
        foreach (var blob in content.Blobs)
        {
            Add(blob.ContentId, blob.Size, blob.IsElsewhere);
        }

        foreach (var manifest in content.Manifests)
        {
            Add(manifest.ContentId, manifest.Size, manifest.IsElsewhere).IsManifest = true;
        }

        foreach (var reference in content.References)
        {
            if (Find(reference.ManifestContentId) is { } manifest && Find(reference.ContentId) is { } referred)
            {
                manifest.References.Add(referred);
                referred.Holders++;
            }
        }

        foreach (var manifest in content.Manifests)
        {
            if (manifest.SubjectId is { } subject && Find(subject) is { IsManifest: true } held)
            {
                held.Referrers.Add(Find(manifest.ContentId)!);
                Find(manifest.ContentId)!.Holders++;
            }
        }

        foreach (var tag in content.Tags)
        {
            if (Find(tag.ContentId) is { } tagged)
            {
                tagged.IsTagged = true;
            }
        }
    }

    /// <summary>Computes the space of all tags. Those with the most unique bytes come first.</summary>
    /// <inheritdoc cref="TagTally(RepositoryContent, bool)"/>
    public static IReadOnlyList<TagSpace> Compute(RepositoryContent content, bool withOthers)
    {
        var tally = new TagTally(content, withOthers);
        var manifests = content.Manifests.ToDictionary(manifest => manifest.ContentId);
        var computed = new Dictionary<long, (long Referred, long Unique)>();
        var tags = new List<TagSpace>();
        foreach (var tag in content.Tags.Where(tag => manifests.ContainsKey(tag.ContentId)))
        {
            if (!computed.TryGetValue(tag.ContentId, out var space))
            {
                var node = tally.Find(tag.ContentId)!;
                computed[tag.ContentId] = space = (tally.Refer(node), tally.Delete(node));
            }

            tags.Add(new TagSpace(tag.Name, manifests[tag.ContentId].Digest, space.Referred, space.Unique));
        }

        return [.. tags.OrderByDescending(tag => tag.Unique).ThenByDescending(tag => tag.Referred).ThenBy(tag => tag.Name, StringComparer.Ordinal)];
    }

    private long Refer(Node root)
    {
        _visit++;
        var referred = 0L;
        var found = new Stack<Node>([root]);
        while (found.TryPop(out var node))
        {
            if (node.Visit == _visit)
            {
                continue;
            }

            node.Visit = _visit;
            referred += node.Size;
            node.References.ForEach(found.Push);
        }

        return referred;
    }

    private long Delete(Node root)
    {
        _visit++;
        var free = 0L;
        var gone = new Stack<Node>([root]);
        while (gone.TryPop(out var node))
        {
            free += _withOthers && node.IsElsewhere ? 0 : node.Size;
            foreach (var held in node.References.Concat(node.Referrers))
            {
                (held.Released, held.Visit) = (held.Visit == _visit ? held.Released + 1 : 1, _visit);
                if (held.Released == held.Holders && !held.IsTagged && held != root)
                {
                    gone.Push(held);
                }
            }
        }

        return free;
    }

    private Node? Find(long contentId) => _nodes.GetValueOrDefault(contentId);

    private Node Add(long contentId, long size, bool isElsewhere)
    {
        // A manifest may also have been pushed as a blob.
        if (!_nodes.TryGetValue(contentId, out var node))
        {
            _nodes[contentId] = node = new Node(size, isElsewhere);
        }

        return node;
    }

    // A blob or a manifest. It goes when all of its holders have released it.
    private sealed class Node(long size, bool isElsewhere)
    {
        public long Size => size;

        public bool IsElsewhere => isElsewhere;

        public bool IsManifest { get; set; }

        public bool IsTagged { get; set; }

        // Manifests of the repository that refer to it, and its subject.
        public int Holders { get; set; }

        public int Released { get; set; }

        public int Visit { get; set; }

        public List<Node> References { get; } = [];

        public List<Node> Referrers { get; } = [];
    }
}
