using System.Text;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Retention;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Tests.Policies.Retention;

/// <summary>A repository of a test, of manifests with names, and the decisions of a retention about it.</summary>
internal sealed class SketchedRepository
{
    public static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private static readonly RepositoryName Name = RepositoryName.Parse("ci/app");

    private readonly Dictionary<string, RetainedManifest> _manifests = [];
    private readonly List<RetainedChild> _children = [];
    private readonly List<RetainedTag> _tags = [];
    private readonly HashSet<Digest> _trashed = [];

    /// <summary>Begin of the record of pulls, in days before now.</summary>
    public double? RecordedBefore { get; set; } = 1000;

    public IChangeRules ChangeRules { get; set; } = NoRules.Instance;

    public static Digest Digest(string name) => DigestAlgorithm.Sha256.Compute(Encoding.UTF8.GetBytes(name));

    public static string SignatureOf(string subject, string suffix = ".sig") => $"sha256-{Digest(subject).Value["sha256:".Length..]}{suffix}";

    /// <summary>Adds a manifest.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="pushed">Its push, in days before now.</param>
    /// <param name="pulled">Its last pull, in days before now.</param>
    /// <param name="idle">Days for which nothing has held it.</param>
    /// <param name="subject">Its subject.</param>
    public SketchedRepository Add(string name, double pushed = 100, double? pulled = null, double? idle = null, string? subject = null)
    {
        _manifests.Add(name, new RetainedManifest(
            _manifests.Count + 1,
            Digest(name),
            100,
            subject is null ? null : _manifests[subject].Id,
            Now.AddDays(-pushed),
            pulled is { } days ? Now.AddDays(-days) : null,
            idle is { } free ? TimeSpan.FromDays(free) : null));
        return this;
    }

    public SketchedRepository List(string index, params string[] children)
    {
        _children.AddRange(children.Select(child => new RetainedChild(_manifests[index].Id, _manifests[child].Id)));
        return this;
    }

    public SketchedRepository Set(string tag, string manifest, double days = 100)
    {
        _tags.Add(new RetainedTag(Tag.Parse(tag), _manifests[manifest].Id, Now.AddDays(-days)));
        return this;
    }

    public SketchedRepository Trash(string name)
    {
        _trashed.Add(Digest(name));
        return this;
    }

    public RetentionPlan Evaluate(params string[] rules)
    {
        var content = new RetainedRepository
        {
            Repository = Name,
            Manifests = [.. _manifests.Values],
            Children = _children,
            Tags = _tags,
            Trashed = _trashed,
        };
        return RetentionEvaluation.Evaluate(content, RetentionRules.Find(Read(rules), Name)!, new RetentionSituation(
            Now, RecordedBefore is { } days ? Now.AddDays(-days) : null, TimeSpan.FromDays(1), ChangeRules, ChangeOrigin.Retention(null)));
    }

    /// <summary>What is deleted: tags, and the names of manifests without one, in order.</summary>
    public string Deleted(params string[] rules) => Describe(Evaluate(rules).Decisions.Where(decision => !decision.IsKept));

    /// <summary>The deletions, as they are made: tags alone as <c>:tag</c>, manifests by their names.</summary>
    public string Steps(params string[] rules) => string.Join(' ', Evaluate(rules).Steps.Select(step => step.Tag is { } tag ? $":{Short(tag)}" : NameOf(step.Digest)));

    /// <summary>Reason of a decision about a tag, or a manifest without one.</summary>
    public string Reason(string subject, params string[] rules) => Evaluate(rules).Decisions
        .Single(decision => decision.Tag is { } tag ? tag.Value == subject : NameOf(decision.Digest) == subject).Reason;

    public static PolicyRules Read(params string[] rules) => PolicyRulesReader.Read(
        Encoding.UTF8.GetBytes($$"""{ "rules": [{{string.Join(", ", rules.Select(rule => $$"""{ "repository": "ci/**", {{rule}} }"""))}}] }"""), _ => []);

    private string Describe(IEnumerable<RetentionDecision> decisions) => string.Join(
        ' ', decisions.Select(decision => decision.Tag is { } tag ? Short(tag) : NameOf(decision.Digest)).Order(StringComparer.Ordinal));

    private string Short(Tag tag) => AttachedTag.FindSubject(tag) is { } subject ? $"{NameOf(subject)}.sig" : tag.Value;

    private string NameOf(Digest digest) => _manifests.FirstOrDefault(manifest => manifest.Value.Digest == digest).Key ?? "gone";
}
