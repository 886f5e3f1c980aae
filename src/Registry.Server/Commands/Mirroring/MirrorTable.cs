using System.Globalization;
using Registry.Core.Configuration;
using Registry.Server.Api.Mirroring;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Mirroring;

/// <summary>Upstreams for people. Sizes are rounded, times are in UTC.</summary>
internal static class MirrorTable
{
    /// <summary>Writes the upstreams, and why some are away.</summary>
    public static void Write(TextWriter output, MirrorAnswer mirror)
    {
        if (mirror.Upstreams.Count == 0)
        {
            output.WriteLine("Nothing is mirrored: REGISTRY_MIRROR_CONFIG is not set, or its file has no upstreams.");
            return;
        }

        TextTable.Write(
            output,
            ["UPSTREAM", "PREFIX", "STATE", "REPOSITORIES", "MANIFESTS", "SIZE", "HITS", "MISSES", "STALE", "EVICTED", "RECEIVED", "FETCHES", "READERS", "PULLS LEFT"],
            mirror.Upstreams.Select(one => (string[])
            [
                RemoteMessage.Printable(one.Name),
                one.Prefix,
                one.State,
                Text(one.Repositories),
                Text(one.Manifests),
                one.MaxSize is { } most ? $"{ByteSize.Describe(one.Bytes)} of {ByteSize.Describe(most)}" : ByteSize.Describe(one.Bytes),
                Text(one.Hits),
                Text(one.Misses),
                Text(one.Stale),
                Text(one.Evicted),
                ByteSize.Describe(one.ReceivedBytes),
                Text(one.Fetches),
                Text(one.Readers),
                one.RemainingRateLimit is { } left ? $"{Text(left)}{(one.RateLimit is { } limit ? $" of {Text(limit)}" : "")}" : "-",
            ]));
        foreach (var away in mirror.Upstreams.Where(one => one.State == UpstreamStatusAnswer.Away))
        {
            output.WriteLine();
            output.WriteLine($"{RemoteMessage.Printable(away.Name)} is away since {away.Since}: {RemoteMessage.Printable(away.Reason ?? "")}. What is here is answered.");
        }
    }

    /// <summary>Describes a check that the upstream has answered.</summary>
    public static string Describe(MirrorCheckAnswer check) => check switch
    {
        { Is: null } => $"{check.Image} is gone: the upstream has it no more. It was {check.Was}",
        { Was: null } => $"{check.Image} is {check.Is}, which was not here",
        _ when check.Was == check.Is => $"{check.Image} is {check.Is}, as before",
        _ => $"{check.Image} is {check.Is}; it was {check.Was}",
    };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
