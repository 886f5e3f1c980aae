using System.Globalization;
using Registry.Core.Configuration;
using Registry.Server.Api.Inventory;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Inventory;

/// <summary>Repositories and tags for people. Times are in UTC.</summary>
internal static class InventoryTable
{
    private const string None = "-";

    // Of an index for many platforms, the first ones; --json has all.
    private const int Platforms = 3;

    /// <summary>Writes the repositories, one a line.</summary>
    public static void Write(TextWriter output, RepositoryListAnswer list)
    {
        if (list.Repositories.Count == 0)
        {
            output.WriteLine("There are no such repositories that you may pull from.");
            return;
        }

        TextTable.WriteRows(
            output,
            [
                ["REPOSITORY", "TAGS", "SIZE", "LAST PUSH", "BY"],
                .. list.Repositories.Select(one => (string[])
                [
                    one.Repository,
                    string.Create(CultureInfo.InvariantCulture, $"{one.Tags}{(one.MoreTags ? "+" : string.Empty)}"),
                    one.Size == 0 ? None : ByteSize.Describe(one.Size),
                    one.PushedAt ?? None,
                    one.PushedBy is { } user ? RemoteMessage.Printable(user) : None,
                ]),
            ]);
    }

    /// <summary>Writes the tags, one a line.</summary>
    public static void Write(TextWriter output, TagListAnswer list)
    {
        if (list.Tags.Count == 0)
        {
            output.WriteLine($"{list.Repository} has no such tags.");
            return;
        }

        TextTable.WriteRows(
            output,
            [
                ["TAG", "SIZE", "PLATFORM", "SET", "BY", "DIGEST"],
                .. list.Tags.Select(one => (string[])
                [
                    one.Tag,
                    one.Size is { } size ? ByteSize.Describe(size) : None,
                    one.Platforms.Count == 0 ? one.Kind : RemoteMessage.Printable(PlatformsOf(one)),
                    one.SetAt ?? None,
                    one.SetBy is { } user ? RemoteMessage.Printable(user) : None,
                    one.Digest,
                ]),
            ]);
    }

    private static string PlatformsOf(TagEntryAnswer one) => one.Platforms.Count <= Platforms
        ? string.Join(',', one.Platforms)
        : string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', one.Platforms.Take(Platforms))} and {one.Platforms.Count - Platforms} more");
}
