using System.Globalization;
using Registry.Core.Configuration;
using Registry.Server.Api.Space;

namespace Registry.Server.Commands.Space;

/// <summary>Space of a registry or repository for people. Sizes are rounded.</summary>
internal static class SpaceTable
{
    private const int ShownDays = 7;

    /// <summary>Writes the sums, the last days, and the repositories.</summary>
    public static void Write(TextWriter output, SpaceAnswer space)
    {
        if (space.Registry is { } sums)
        {
            TextTable.WriteRows(
                output,
                [
                    ["stored", Size(sums.Stored), "each blob and manifest counted once"],
                    ["  unique", Size(sums.Unique), "of one repository"],
                    ["  shared", Size(sums.Shared), "of several repositories"],
                    ["  trash", Size(sums.Trash), "only of deleted manifests that can be restored"],
                    ["  unreferenced", Size(sums.Unreferenced), "of no manifest; collected after the grace period"],
                    ["uploads", Size(sums.Uploads), "received, and not stored yet"],
                    ["referred", Size(sums.Referred), "without sharing"],
                ]);
            output.WriteLine();
        }

        if (space.Days is { Count: > 1 } days)
        {
            var shown = days.Skip(Math.Max(1, days.Count - ShownDays)).ToList();
            TextTable.WriteRows(output, [["DAY", "STORED", "GROWTH"], .. shown.Select((day, i) => (string[])[day.Day!, Size(day.Stored), Growth(day.Stored - days[days.Count - shown.Count + i - 1].Stored)])]);
            output.WriteLine();
        }

        TextTable.WriteRows(output, [Header("REPOSITORY", space.Registry is not null), .. space.Repositories.Select(one => Row(one, space.Registry is not null))]);
        output.WriteLine();
        output.WriteLine($"as of {space.ComputedAt}");
    }

    /// <summary>Writes a repository, and its tags.</summary>
    public static void Write(TextWriter output, RepositoryTagsAnswer space)
    {
        var isWhole = space.Repository.Unique is not null;
        TextTable.WriteRows(output, [Header("REPOSITORY", isWhole), Row(space.Repository, isWhole)]);
        output.WriteLine();
        output.WriteLine($"as of {space.ComputedAt}");
        if (space.Tags is { Count: > 0 } tags)
        {
            output.WriteLine();
            TextTable.WriteRows(output, [["TAG", "REFERRED", "UNIQUE", "DIGEST"], .. tags.Select(tag => (string[])[tag.Tag, Size(tag.Referred), Size(tag.Unique), tag.Digest])]);
        }
    }

    private static string[] Header(string name, bool isWhole) => isWhole ? [name, "REFERRED", "UNIQUE", "SHARED", "TRASH"] : [name, "REFERRED"];

    private static string[] Row(RepositorySpaceAnswer one, bool isWhole) => isWhole
        ? [one.Repository, Size(one.Referred), Size(one.Unique ?? 0), Size(one.Shared ?? 0), Size(one.Trash ?? 0)]
        : [one.Repository, Size(one.Referred)];

    private static string Size(long bytes) => ByteSize.Describe(bytes);

    private static string Growth(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{(bytes < 0 ? "-" : "+")}{ByteSize.Describe(Math.Abs(bytes))}");
}
