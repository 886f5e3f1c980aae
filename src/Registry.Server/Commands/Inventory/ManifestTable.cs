using System.Globalization;
using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Server.Api.Inventory;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Inventory;

/// <summary>One manifest for people. Times are in UTC.</summary>
internal static class ManifestTable
{
    // Lines of tags, and of parents; --json has more.
    private const int Shown = 10;

    /// <summary>Writes the manifest, one fact a line.</summary>
    public static void Write(TextWriter output, ManifestAnswer manifest)
    {
        var rows = new List<string[]> { Row("REPOSITORY", manifest.Repository), Row("DIGEST", manifest.Digest), Row("KIND", manifest.Kind), Row("MEDIA TYPE", manifest.MediaType) };
        if (manifest.ArtifactType is { } type)
        {
            rows.Add(Row("ARTIFACT TYPE", type));
        }

        if (manifest.Platforms.Count > 0)
        {
            rows.Add(Row("PLATFORMS", string.Join(", ", manifest.Platforms)));
        }

        rows.Add(Row("SIZE", manifest.Size is { } size ? ByteSize.Describe(size) : "-"));
        rows.Add(Row("PUSHED", manifest.PushedAt));
        AddList(rows, "TAGS", [.. manifest.Tags.Select(Describe)], manifest.MoreTags);
        AddList(rows, "PART OF", manifest.Parents, manifest.MoreParents);
        if (manifest.Subject is { } subject)
        {
            rows.Add(Row("SUBJECT", subject));
        }

        rows.Add(Row("REFERRERS", string.Create(CultureInfo.InvariantCulture, $"{manifest.Referrers}{(manifest.MoreReferrers ? "+" : string.Empty)}")));
        rows.Add(Row("KEPT", Describe(manifest.Keep)));
        TextTable.WriteRows(output, rows);
    }

    private static void AddList(List<string[]> rows, string name, IReadOnlyList<string> values, bool isMore)
    {
        rows.Add(Row(name, values.Count == 0 ? "-" : values[0]));
        rows.AddRange(values.Skip(1).Take(Shown - 1).Select(value => Row(string.Empty, value)));
        if (values.Count > Shown || isMore)
        {
            rows.Add(Row(string.Empty, string.Create(CultureInfo.InvariantCulture, $"and {values.Count - Math.Min(values.Count, Shown)}{(isMore ? "+" : string.Empty)} more")));
        }
    }

    private static string Describe(ManifestTagAnswer tag) => tag.SetAt is null ? tag.Tag : $"{tag.Tag}, set {tag.SetAt}{(tag.SetBy is { } user ? $" by {user}" : string.Empty)}";

    private static string Describe(ManifestKeepAnswer keep) => keep.State switch
    {
        "held" => $"held by {string.Join(", ", keep.By.Select(holder => holder switch
        {
            "tags" => "its tags",
            "parents" => "what it is part of",
            "subject" => "its subject",
            "trash" => "a deleted manifest in the trash",
            _ => holder,
        }))}",
        "unsettled" => "its subject was just pushed or deleted; the registry decides within a minute",
        "root" => "until it is deleted: nothing holds it, and nothing that held it was deleted",
        "pinned" => "something in the repository cannot be read, so no manifest there expires",
        "mirrored" => $"mirrored from {keep.Upstream}, until the mirror makes room for what is pulled more",
        _ when keep.ExpiresAfterSeconds is { } left and > 0 => $"for {Count.Of(left, "second")} of running time: what held it was deleted",
        _ => "until the next cycle of the collector: what held it was deleted",
    };

    private static string[] Row(string name, string value) => [name, RemoteMessage.Printable(value)];
}
