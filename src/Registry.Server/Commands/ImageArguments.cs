using System.CommandLine;
using System.CommandLine.Parsing;
using Registry.Core.Oci;

namespace Registry.Server.Commands;

/// <summary>Arguments that name images.</summary>
internal static class ImageArguments
{
    /// <summary>An argument that is a repository, with a tag or digest or without.</summary>
    public static Argument<string> Create(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(result => Check(result, result.Tokens.Select(token => token.Value)));
        return argument;
    }

    /// <summary>Refuses what is no reference.</summary>
    public static void Check(ArgumentResult result, IEnumerable<string> texts)
    {
        foreach (var text in texts.Where(text => !ImageReference.TryParse(text, out _)))
        {
            result.AddError($"'{text}' is not a repository with a tag or digest; it looks like team/app:1.0, team/app@sha256:… or team/app");
        }
    }

    /// <summary>The image that a text names which was checked.</summary>
    public static ImageReference Parse(string text) => ImageReference.TryParse(text, out var image)
        ? image
        : throw new ArgumentException($"'{text}' was not checked.", nameof(text));
}
