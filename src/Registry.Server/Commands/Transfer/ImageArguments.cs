using System.CommandLine;
using System.CommandLine.Parsing;
using Registry.Core.Oci;

namespace Registry.Server.Commands.Transfer;

/// <summary>Arguments that name images.</summary>
internal static class ImageArguments
{
    /// <summary>Creates an argument for a repository, optionally with a tag or digest.</summary>
    public static Argument<string> Create(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(result => Check(result, result.Tokens.Select(token => token.Value)));
        return argument;
    }

    /// <summary>Adds an error when a text is not a reference.</summary>
    public static void Check(ArgumentResult result, IEnumerable<string> texts)
    {
        foreach (var text in texts.Where(text => !ImageReference.TryParse(text, out _)))
        {
            result.AddError($"'{text}' is not an image reference; write it like team/app:1.0, team/app@sha256:… or team/app");
        }
    }

    /// <summary>Parses a text that <see cref="Check"/> accepted.</summary>
    public static ImageReference Parse(string text) => ImageReference.TryParse(text, out var image)
        ? image
        : throw new ArgumentException($"'{text}' was not checked.", nameof(text));
}
