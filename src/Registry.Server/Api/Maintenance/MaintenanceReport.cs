using System.Text.Json.Serialization;
using Registry.Images;

namespace Registry.Server.Api.Maintenance;

/// <summary>Result of maintenance: one of the members.</summary>
internal sealed record MaintenanceReport
{
    /// <summary>What a collection has removed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GcResult? Collected { get; init; }

    /// <summary>What a collection would remove.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GcPreview? Preview { get; init; }

    /// <summary>The untagged manifests.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GcUntagged? Untagged { get; init; }

    /// <summary>Why something is kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GcExplanation? Explanation { get; init; }

    /// <summary>What a verification has found.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VerifyResult? Verified { get; init; }

    /// <summary>What an import has brought in.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TransferReport? Imported { get; init; }

    /// <summary>What a copy has linked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TransferReport? Copied { get; init; }

    /// <summary>What the mirror has fetched.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TransferReport? Warmed { get; init; }

    /// <summary>What a reindex would change.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReindexPreview? Compared { get; init; }

    /// <summary>What a retention keeps and deletes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RetentionResult? Retained { get; init; }

    /// <summary>Reason why nothing was done, and what to do: a clause for people.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Refusal { get; init; }

    /// <summary>False if nothing was done, something was found damaged or could not be compared, or what was asked about is not there.</summary>
    [JsonIgnore]
    public bool IsSuccess => Refusal is null && Verified is not { IsClean: false } && Explanation is not { IsKnown: false } && Compared is not { Unreadable: > 0 };

    /// <summary>The counts of the result, by their names; empty if it has none.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, long> Numbers => this switch
    {
        { Collected: { } collected } => new Dictionary<string, long>
        {
            ["manifests"] = collected.Manifests,
            ["links"] = collected.Links,
            ["blobs"] = collected.Blobs,
        },
        { Preview.Counts: { } counts } => new Dictionary<string, long>
        {
            ["manifests"] = counts.Manifests,
            ["links"] = counts.Links,
            ["blobs"] = counts.Blobs,
            ["bytes"] = counts.Bytes,
        },
        { Untagged: { } untagged } => new Dictionary<string, long>
        {
            ["manifests"] = untagged.Manifests.Count,
            ["younger"] = untagged.Younger,
            ["kept"] = untagged.Kept,
            ["refused"] = untagged.Refused.Count,
        },
        { Verified: { } verified } => new Dictionary<string, long>
        {
            ["count"] = verified.Count,
            ["bytes"] = verified.Bytes,
            ["damaged"] = verified.Damaged,
            ["missing"] = verified.Missing,
            ["unreadable"] = verified.Unreadable,
        },
        { Imported: { } imported } => Count(imported),
        { Copied: { } copied } => Count(copied),
        { Warmed: { } warmed } => Count(warmed),
        { Compared: { } compared } => new Dictionary<string, long>
        {
            ["compared"] = compared.Compared,
            ["unreadable"] = compared.Unreadable,
            ["differences"] = compared.Differences.Count + compared.NotListed,
        },
        { Retained.Counts: { } counts } => new Dictionary<string, long>
        {
            ["repositories"] = counts.Repositories,
            ["tags"] = counts.Tags,
            ["manifests"] = counts.Manifests,
            ["kept"] = counts.Kept,
            ["left"] = counts.Left,
        },
        _ => new Dictionary<string, long>(),
    };

    /// <summary>Number of entries of the lists, which are most of its size.</summary>
    [JsonIgnore]
    public int Entries => this switch
    {
        { Preview: { } preview } => preview.Manifests.Count + preview.Links.Count + preview.Blobs.Count + preview.Kept.Count,
        { Untagged: { } untagged } => untagged.Manifests.Count + untagged.Refused.Count,
        { Retained: { } retained } => retained.Deleted.Count + retained.Kept.Count + retained.Left.Count,
        _ => Imported?.Images.Count ?? Compared?.Differences.Count ?? 0,
    };

    /// <summary>Creates the report that nothing was done.</summary>
    public static MaintenanceReport Refuse(string reason) => new() { Refusal = reason };

    /// <summary>Writes the result for people, several lines perhaps; a refusal is none.</summary>
    public void Write(TextWriter output)
    {
        Collected?.Write(output);
        Preview?.Write(output);
        Untagged?.Write(output);
        Explanation?.Write(output);
        Verified?.Write(output);
        Compared?.Write(output);
        Retained?.Write(output);
        if (Imported is not null)
        {
            TransferLines.Write(Imported, "Imported", output);
        }

        if (Copied is not null)
        {
            TransferLines.Write(Copied, "Copied to", output);
        }

        if (Warmed is not null)
        {
            TransferLines.Write(Warmed, "Fetched", output);
        }
    }

    /// <summary>The result in one line, without its lists.</summary>
    public string Summarize() => this switch
    {
        { Preview: { } preview } => preview.Summary,
        { Untagged: { } untagged } => untagged.Summary,
        { Retained: { } retained } => retained.Summary,
        { Compared: { } compared } => compared.Summary.ReplaceLineEndings(" "),
        { Imported: { } imported } => TransferLines.Summarize(imported, "Imported"),
        { Copied: { } copied } => TransferLines.Summarize(copied, "Copied to"),
        { Warmed: { } warmed } => TransferLines.Summarize(warmed, "Fetched"),
        _ => Refusal ?? Written(),
    };

    private static Dictionary<string, long> Count(TransferReport report) => new()
    {
        ["images"] = report.Images.Count,
        ["manifests"] = report.Manifests,
        ["blobs"] = report.Blobs,
        ["bytes"] = report.Bytes,
        ["missing"] = report.Missing,
    };

    private string Written()
    {
        using var text = new StringWriter();
        Write(text);
        return text.ToString().TrimEnd();
    }
}
