using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Registry.Core.Oci;

namespace Registry.Server.Commands.Remote;

/// <summary>Arguments and options that the commands for a running registry share. Each command needs its own instances.</summary>
internal static class RemoteArguments
{
    /// <summary>Tag of an image that is named without one, as docker does.</summary>
    public const string UsualTag = "latest";

    private const int UsualLimit = 20;

    /// <summary>Creates the option for the number of rows that are shown.</summary>
    public static Option<int> CreateLimit(string description)
    {
        var limit = new Option<int>("--limit") { HelpName = "N", Description = description, DefaultValueFactory = _ => UsualLimit };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0))
            {
                result.AddError($"--limit is '{token.Value}'; allowed: a whole number of 1 or more");
            }
        });
        return limit;
    }

    /// <summary>Reads an image that is given with or without a host; null if it is none.</summary>
    public static ImageReference? Parse(string text) =>
        ImageReference.TryParse(text, out var image) || ImageReference.TryParseWithHost(text, out image) ? image : null;

    /// <summary>True for a repository, given with or without a host.</summary>
    public static bool IsRepository(string text) => Parse(text) is { Reference: null };

    /// <summary>Adds a fault for each value that is not valid.</summary>
    public static void Check(SymbolResult result, Func<string, bool> isValid, string fault)
    {
        foreach (var token in result.Tokens.Where(token => !isValid(token.Value)))
        {
            result.AddError($"'{token.Value}' {fault}");
        }
    }
}
