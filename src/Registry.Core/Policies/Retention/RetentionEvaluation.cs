using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Policies.Retention;

/// <summary>
/// Decides which tags and manifests of a repository are kept, and why. Nothing goes that something kept needs. A manifest goes with its last tag, unless something holds it; one
/// that only deleted ones hold goes with them.
/// </summary>
internal sealed class RetentionEvaluation
{
    // As long as a client may take from a signature to the image that it belongs to.
    private static readonly TimeSpan SignatureAlone = TimeSpan.FromDays(1);

    private readonly RetainedRepository _content;
    private readonly RetentionRules _rules;
    private readonly RetentionSituation _situation;
    private readonly RetentionGraph _graph;
    private readonly Dictionary<Tag, string> _keptTags = [];
    private readonly List<RetentionDecision> _decisions = [];
    private readonly List<RetentionStep> _steps = [];

    private RetentionEvaluation(RetainedRepository content, RetentionRules rules, RetentionSituation situation)
    {
        (_content, _rules, _situation) = (content, rules, situation);
        _graph = new RetentionGraph(content);
    }

    /// <summary>Decides about all of a repository.</summary>
    public static RetentionPlan Evaluate(RetainedRepository content, RetentionRules rules, RetentionSituation situation)
    {
        var evaluation = new RetentionEvaluation(content, rules, situation);
        evaluation.FindKept();
        return evaluation.Decide();
    }

    private void FindKept()
    {
        if (_rules.LongestPull is { } period)
        {
            _graph.SpreadPulls(_situation.Now - period);
        }

        FindKeptTags();
        foreach (var node in _graph.Nodes)
        {
            if (node.Tags.Select(tag => (Tag?)tag.Tag.Name).FirstOrDefault(tag => _keptTags.ContainsKey(tag!.Value)) is { } kept)
            {
                RetentionGraph.Keep(node, $"its tag {kept} is kept");
            }
            else if (node.Tags.Count == 0 && node.Holders.Count == 0 && _rules.FindKeep(node.Manifest, node.Use, _situation) is { } reason)
            {
                RetentionGraph.Keep(node, reason);
            }
        }

        foreach (var node in _graph.Nodes.Where(node => node.Keep is null && (node.Tags.Count > 0 || node.Holders.Count == 0)))
        {
            if (FindRefusal(node) is { } refusal)
            {
                RetentionGraph.Keep(node, refusal);
            }
        }
    }

    private void FindKeptTags()
    {
        var uses = _graph.Nodes.ToDictionary(node => node.Manifest.Id, node => node.Use);
        var place = 0;
        foreach (var tag in _content.Tags.Where(tag => uses.ContainsKey(tag.ManifestId) && !AttachedTag.Is(tag.Name))
            .OrderByDescending(tag => tag.PushedAt).ThenByDescending(tag => tag.Name.Value, StringComparer.Ordinal))
        {
            if (_rules.FindKeep(tag, place++, uses[tag.ManifestId], _situation) is { } reason)
            {
                _keptTags.Add(tag.Name, reason);
            }
        }

        foreach (var node in _graph.Nodes)
        {
            foreach (var tag in node.Tags)
            {
                if (AttachedTag.Is(tag.Tag.Name) && !tag.IsSubjectHere && FindKeepAlone(tag.Subject, tag.Tag, node.Use) is { } reason)
                {
                    _keptTags.Add(tag.Tag.Name, reason);
                }
                else if (!_keptTags.ContainsKey(tag.Tag.Name) && FindRefusal(tag.Tag.Name, node) is { } refusal)
                {
                    _keptTags.Add(tag.Tag.Name, refusal);
                }
            }
        }
    }

    // A signature of what the repository does not have.
    private string? FindKeepAlone(Digest? subject, RetainedTag tag, LastUse use) =>
        subject is null ? "belongs to an image whose digest it does not have in full"
        : _content.Trashed.Contains(subject.Value) ? $"belongs to {subject}, which is in the trash"
        : _situation.Now - tag.PushedAt < SignatureAlone ? $"belongs to {subject}, which is not here, and was pushed within a day"
        : _rules.NotKept is null ? _rules.FindKeep(tag, int.MaxValue, use, _situation)
        : _rules.FindPull(use, _situation);

    private string? FindRefusal(Tag tag, RetentionGraph.Node node) =>
        Describe(_situation.ChangeRules.CheckTag(new TagChange(_content.Repository, tag, node.Manifest.Digest, After: null, _situation.Origin)));

    private string? FindRefusal(RetentionGraph.Node node) => Describe(_situation.ChangeRules.CheckManifest(
        new ManifestChange(_content.Repository, node.Manifest.Digest, node.Manifest.Size, Content: null, _situation.Origin)));

    private static string? Describe(RegistryError? refusal) =>
        refusal is null ? null : $"another rule refuses the deletion: {(refusal.Details is [var detail, ..] ? detail : refusal.Code.Message)}";

    private RetentionPlan Decide()
    {
        foreach (var node in _graph.OrderUnkept())
        {
            DecideUnkept(node);
        }

        foreach (var node in _graph.Nodes.Where(node => node.Keep is not null))
        {
            DecideKept(node);
        }

        var ordinary = _content.Tags.Where(tag => !AttachedTag.Is(tag.Name)).ToList();
        var count = new RetentionCount(ordinary.Count(tag => !_keptTags.ContainsKey(tag.Name)), ordinary.Count);
        return new RetentionPlan(_decisions, _steps, _rules.Keeping.ToDictionary(rule => rule, _ => count));
    }

    private void DecideKept(RetentionGraph.Node node)
    {
        if (node.Tags.Count == 0)
        {
            Add(node, null, isKept: true, node.Keep!);
        }

        foreach (var tag in node.Tags)
        {
            var reason = _keptTags.GetValueOrDefault(tag.Tag.Name) ?? (IsWithSubject(node, tag) ? node.Keep! : null);
            if (reason is not null || FindDeletion(tag) is not { } deletion)
            {
                Add(node, tag.Tag.Name, isKept: true, reason ?? node.Keep!);
            }
            else
            {
                Add(node, tag.Tag.Name, isKept: false, deletion);
                AddStep(node, tag.Tag.Name, deletion, [tag]);
            }
        }
    }

    private void DecideUnkept(RetentionGraph.Node node)
    {
        if (node.Tags.Count > 0)
        {
            var reasons = node.Tags.ConvertAll(tag => (Tag: tag, Text: FindDeletion(tag)!));
            reasons.ForEach(reason => Add(node, reason.Tag.Tag.Name, isKept: false, reason.Text));
            AddStep(node, null, (reasons.Find(reason => reason.Tag.Subject is null).Text ?? reasons[0].Text), node.Tags);
        }
        else if (node.Holders.Count > 0)
        {
            Add(node, null, isKept: false, $"goes with {node.Holders[0].Other.Manifest.Digest}, which is deleted");
        }
        else
        {
            Add(node, null, isKept: false, _rules.Untagged);
            AddStep(node, null, _rules.Untagged, []);
        }
    }

    private static bool IsWithSubject(RetentionGraph.Node node, RetentionGraph.NodeTag tag) =>
        tag.IsSubjectHere && node.Holders.Exists(holder => holder.Other.Manifest.Digest == tag.Subject && holder.Other.Keep is not null);

    private string? FindDeletion(RetentionGraph.NodeTag tag) => tag.Subject is not { } subject ? _rules.NotKept
        : tag.IsSubjectHere ? $"belongs to {subject}, which is deleted"
        : $"belongs to {subject}, which is not here";

    private void Add(RetentionGraph.Node node, Tag? tag, bool isKept, string reason) =>
        _decisions.Add(new RetentionDecision(_content.Repository, tag, node.Manifest.Digest, isKept, reason));

    private void AddStep(RetentionGraph.Node node, Tag? tag, string reason, List<RetentionGraph.NodeTag> deleted) =>
        _steps.Add(new RetentionStep(_content.Repository, node.Manifest.Digest, tag, node.Manifest.PushedAt, reason)
        {
            PulledBefore = _rules.LongestPull is null ? null : _situation.Now,
            Idle = deleted.Count > 0 ? null : _rules.UntaggedAfter > _situation.Grace ? _rules.UntaggedAfter : _situation.Grace,
            Absent = [.. deleted.Select(one => one.Subject).OfType<Digest>()],
        });
}
