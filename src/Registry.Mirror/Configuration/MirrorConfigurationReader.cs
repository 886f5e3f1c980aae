using Registry.Core.Configuration;

namespace Registry.Mirror.Configuration;

/// <summary>Reads the file of the mirror (JSON; comments and trailing commas are allowed). Anything it does not understand is an error with its line.</summary>
public static class MirrorConfigurationReader
{
    private const string Properties = "upstreams, own";

    /// <summary>Reads the file's bytes, and the files that it names.</summary>
    /// <param name="json">Content of the file.</param>
    /// <param name="folder">Full path of its folder, from which the paths in it lead.</param>
    /// <exception cref="FormatException">The file is invalid, or a file that it names cannot be used; the message names the line and the allowed values.</exception>
    public static MirrorConfiguration Read(ReadOnlySpan<byte> json, string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return ConfigurationJson.Read(json, (ref ConfigurationJson file) => ReadRoot(ref file, new UpstreamReader(folder)));
    }

    private static MirrorConfiguration ReadRoot(ref ConfigurationJson file, UpstreamReader reader)
    {
        IReadOnlyList<UpstreamSettings>? upstreams = null;
        IReadOnlyList<string> own = [];
        var seen = new HashSet<string>();
        file.BeginObject("the file");
        while (file.NextProperty(seen) is { } property)
        {
            switch (property)
            {
                case "upstreams":
                    upstreams = file.ReadArray(property, "an array", reader.Read);
                    break;
                case "own":
                    own = reader.ReadOwn(ref file, property);
                    break;
                default:
                    throw file.Fault($"unknown property \"{property}\"; allowed: {Properties}");
            }
        }

        return new MirrorConfiguration(upstreams ?? throw ConfigurationJson.Fault(1, "upstreams is missing; allowed: an array of upstreams"), own);
    }
}
