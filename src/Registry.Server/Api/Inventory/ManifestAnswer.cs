using System.Text.Json.Serialization;
using Registry.Core.Inventory;
using Registry.Server.Http;

namespace Registry.Server.Api.Inventory;

/// <summary>A manifest, what refers to it, and why it is kept.</summary>
internal sealed record ManifestAnswer
{
    public required string Repository { get; init; }

    public required string Digest { get; init; }

    public required string MediaType { get; init; }

    /// <inheritdoc cref="TagEntryAnswer.ArtifactType"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ArtifactType { get; init; }

    /// <inheritdoc cref="TagEntryAnswer.Kind"/>
    public required string Kind { get; init; }

    /// <inheritdoc cref="TagEntryAnswer.Platforms"/>
    public required IReadOnlyList<string> Platforms { get; init; }

    /// <inheritdoc cref="TagEntryAnswer.Size"/>
    public long? Size { get; init; }

    /// <summary>Time of the last push in UTC (RFC 3339), to the second.</summary>
    public required string PushedAt { get; init; }

    /// <summary>Its tags, by name.</summary>
    public required IReadOnlyList<ManifestTagAnswer> Tags { get; init; }

    /// <summary>True if it has more tags.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreTags { get; init; }

    /// <summary>Digests of the manifests of the repository that refer to it, such as indexes.</summary>
    public required IReadOnlyList<string> Parents { get; init; }

    /// <summary>True if more manifests refer to it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreParents { get; init; }

    /// <summary>Digest of the manifest that it refers to as its subject, which need not exist.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Subject { get; init; }

    /// <summary>Number of manifests whose subject it is, counted up to a thousand.</summary>
    public long Referrers { get; init; }

    /// <summary>True if there are more referrers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreReferrers { get; init; }

    /// <summary>Why it is kept.</summary>
    public required ManifestKeepAnswer Keep { get; init; }

    public static ManifestAnswer Of(string repository, ManifestDetail detail)
    {
        var manifest = detail.Manifest;
        return new ManifestAnswer
        {
            Repository = repository,
            Digest = manifest.Digest.Value,
            MediaType = manifest.MediaType,
            ArtifactType = manifest.ArtifactType,
            Kind = KindName.Of(manifest.Kind),
            Platforms = manifest.Platforms,
            Size = manifest.Size,
            PushedAt = Rfc3339.Format(manifest.PushedAt),
            Tags = [.. detail.Tags.Select(tag => new ManifestTagAnswer(tag.Tag.Value, tag.SetAt is { } at ? Rfc3339.Format(at) : null, tag.SetBy))],
            MoreTags = detail.HasMoreTags,
            Parents = [.. detail.Parents.Select(parent => parent.Value)],
            MoreParents = detail.HasMoreParents,
            Subject = manifest.Subject?.Value,
            Referrers = detail.Referrers.Count,
            MoreReferrers = detail.Referrers.IsMore,
            Keep = ManifestKeepAnswer.Of(detail.Keep),
        };
    }
}
