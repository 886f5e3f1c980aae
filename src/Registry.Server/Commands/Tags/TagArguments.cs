using System.CommandLine;
using Registry.Core.Oci;
using Registry.Server.Commands.Remote;
using Registry.Server.Http;

namespace Registry.Server.Commands.Tags;

/// <summary>Arguments and options that the commands of tags share. Each command needs its own instances.</summary>
internal static class TagArguments
{
    /// <summary>Creates the argument for a tag.</summary>
    public static Argument<string> CreateTag()
    {
        var argument = new Argument<string>("REPO:TAG") { Description = "The tag: repository:tag, or host/repository:tag as docker writes it." };
        argument.Validators.Add(result => RemoteArguments.Check(
            result,
            text => RemoteArguments.Parse(text)?.Reference?.Tag is not null,
            "does not name a tag; write it like team/app:1.0 or registry.example.com/team/app:1.0"));
        return argument;
    }

    /// <summary>Creates the option for a time.</summary>
    public static Option<string> CreateTime(string description)
    {
        var option = new Option<string>("--at") { HelpName = "TIME", Description = description };
        option.Validators.Add(result => RemoteArguments.Check(
            result, text => Rfc3339.TryParse(text, out _), "is not a time with its offset from UTC; write it like 2026-11-26T18:00Z or 2026-11-26T18:00:00+01:00"));
        return option;
    }

    /// <summary>Creates an option for a digest.</summary>
    public static Option<string> CreateDigest(string name, string description)
    {
        var option = new Option<string>(name) { HelpName = "DIGEST", Description = description };
        option.Validators.Add(result => RemoteArguments.Check(
            result, text => Digest.TryParse(text, out _), "is not a digest; write it like sha256:e3b0c442…, with all 64 digits"));
        return option;
    }
}
