using Registry.Core.Oci;

namespace Registry.Core.Policies.Retention;

/// <summary>
/// What holds what in a repository: an index its manifests, a manifest its referrers and its signatures under tags of their own. What something kept holds is kept.
/// </summary>
internal sealed class RetentionGraph
{
    private readonly Dictionary<long, Node> _nodes;

    /// <param name="content">What the repository has.</param>
    public RetentionGraph(RetainedRepository content)
    {
        _nodes = content.Manifests.ToDictionary(manifest => manifest.Id, manifest => new Node(manifest));
        foreach (var (index, child) in content.Children)
        {
            Hold(_nodes.GetValueOrDefault(index), _nodes.GetValueOrDefault(child), "listed by the index");
        }

        foreach (var node in _nodes.Values)
        {
            Hold(node.Manifest.SubjectId is { } id ? _nodes.GetValueOrDefault(id) : null, node, "a referrer of");
        }

        AddTags(content.Tags);
    }

    /// <summary>All manifests.</summary>
    public IReadOnlyCollection<Node> Nodes => _nodes.Values;

    /// <summary>Gives each manifest the last pull, after a time, of what it holds: a platform or signature that is pulled must stay, and does not stay alone.</summary>
    public void SpreadPulls(DateTimeOffset after)
    {
        var isReached = new HashSet<Node>();
        foreach (var source in _nodes.Values.Where(node => node.Manifest.PulledAt > after).OrderByDescending(node => node.Manifest.PulledAt))
        {
            Walk(source, node => node.Holders.Select(held => held.Other), node =>
            {
                if (!isReached.Add(node))
                {
                    return false;
                }

                node.Use = node.Use with { PulledAt = source.Manifest.PulledAt, PulledBy = node == source ? null : source.Manifest.Digest };
                return true;
            });
        }
    }

    /// <summary>Keeps a manifest, and what it holds.</summary>
    /// <param name="kept">The manifest.</param>
    /// <param name="reason">Why it is kept.</param>
    public static void Keep(Node kept, string reason)
    {
        kept.Keep ??= reason;
        Walk(kept, node => node.Held.Where(held => held.Other.Keep is null).Select(held =>
        {
            held.Other.Keep = $"{held.Relation} {node.Manifest.Digest}, which is kept";
            return held.Other;
        }), static _ => true);
    }

    /// <summary>Lists the manifests that are not kept, each after all that hold it. Those that hold each other in a circle, by tags of signatures, are kept with what they hold.</summary>
    public IReadOnlyList<Node> OrderUnkept()
    {
        var left = _nodes.Values.Where(node => node.Keep is null).ToDictionary(node => node, node => node.Holders.Count(holder => holder.Other.Keep is null));
        var ready = new Queue<Node>(left.Where(one => one.Value == 0).Select(one => one.Key));
        var order = new List<Node>();
        while (ready.TryDequeue(out var node))
        {
            left.Remove(node);
            order.Add(node);
            foreach (var (held, _) in node.Held.Where(held => left.ContainsKey(held.Other)))
            {
                if (--left[held] == 0)
                {
                    ready.Enqueue(held);
                }
            }
        }

        foreach (var node in left.Keys)
        {
            node.Keep = "tags of signatures make it and others belong to each other";
        }

        return order;
    }

    private void AddTags(IReadOnlyList<RetainedTag> tags)
    {
        Dictionary<Digest, Node>? byDigest = null;
        foreach (var tag in tags)
        {
            if (!_nodes.TryGetValue(tag.ManifestId, out var node))
            {
                continue;
            }

            var subject = AttachedTag.FindSubject(tag.Name);
            var isHere = false;
            if (subject is { } digest)
            {
                byDigest ??= _nodes.Values.ToDictionary(one => one.Manifest.Digest);
                isHere = byDigest.TryGetValue(digest, out var signed);
                Hold(signed, node, "under a tag of");
            }

            node.Tags.Add(new NodeTag(tag, subject, isHere));
        }
    }

    private static void Hold(Node? holder, Node? held, string relation)
    {
        if (holder is not null && held is not null)
        {
            holder.Held.Add((held, relation));
            held.Holders.Add((holder, relation));
        }
    }

    // Visits what is reached from a manifest, as long as the visits say so.
    private static void Walk(Node from, Func<Node, IEnumerable<Node>> next, Func<Node, bool> visit)
    {
        var found = new Stack<Node>([from]);
        while (found.TryPop(out var node))
        {
            if (visit(node))
            {
                foreach (var other in next(node))
                {
                    found.Push(other);
                }
            }
        }
    }

    /// <summary>A tag of a manifest.</summary>
    /// <param name="Tag">The tag.</param>
    /// <param name="Subject">The manifest that it is a signature of, or the like; null for any other tag.</param>
    /// <param name="IsSubjectHere">True if the repository has that manifest.</param>
    internal readonly record struct NodeTag(RetainedTag Tag, Digest? Subject, bool IsSubjectHere);

    /// <summary>A manifest.</summary>
    internal sealed class Node(RetainedManifest manifest)
    {
        public RetainedManifest Manifest => manifest;

        public LastUse Use { get; set; } = new(manifest.PushedAt, manifest.PulledAt, null);

        /// <summary>Why it is kept; null while it is not.</summary>
        public string? Keep { get; set; }

        public List<NodeTag> Tags { get; } = [];

        public List<(Node Other, string Relation)> Held { get; } = [];

        public List<(Node Other, string Relation)> Holders { get; } = [];
    }
}
