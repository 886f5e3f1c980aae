using Registry.Core.Access.Rules;
using Registry.Core.Configuration;

namespace Registry.Core.Policies.Rules;

/// <summary>Reads the rules of a policy file.</summary>
/// <param name="readFile">Reads a file by its path as written; throws an <see cref="IOException"/> whose message is a clause if it cannot.</param>
internal sealed class PolicyRuleReader(Func<string, byte[]> readFile)
{
    private const string Contents = "immutableTags, keep, delete, quota, requireSignature";
    private const string Properties = $"repository, except, {Contents}";
    private const string KeepProperties = "newest, tagged, pulledWithin";
    private const string DeleteProperties = "untaggedAfter";
    private const string QuotaProperties = "bytes";
    private const string SignatureProperties = "cosign, except";
    private const int MostNewest = 1_000_000;

    private delegate void PropertyReading(ref ConfigurationJson file, string property, string path);

    private int _count;

    /// <summary>Reads a rule, on which the file stands.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Name of the rule in messages, such as <c>rules[0]</c>.</param>
    /// <exception cref="FormatException">It is invalid.</exception>
    public PolicyRule Read(ref ConfigurationJson file, string path)
    {
        var line = file.Line;
        RepositoryPattern? repository = null;
        IReadOnlyList<TagPattern>? tags = null;
        IReadOnlyList<TagPattern>? except = null;
        KeepRule? keep = null;
        DeleteRule? delete = null;
        QuotaRule? quota = null;
        SignatureRule? signature = null;
        ReadObject(ref file, path, Properties, (ref ConfigurationJson inner, string property, string name) =>
        {
            switch (property)
            {
                case "repository":
                    repository = AccessRulesReader.ReadPattern(ref inner, name);
                    break;
                case "immutableTags":
                    tags = ReadTags(ref inner, name, allowsNone: false);
                    break;
                case "except":
                    except = ReadTags(ref inner, name, allowsNone: true);
                    break;
                case "keep":
                    keep = ReadKeep(ref inner, name);
                    break;
                case "delete":
                    delete = ReadDelete(ref inner, name);
                    break;
                case "quota":
                    quota = ReadQuota(ref inner, name);
                    break;
                case "requireSignature":
                    signature = ReadSignature(ref inner, name);
                    break;
            }
        });
        if (repository is null)
        {
            throw ConfigurationJson.Fault(line, $"{path} has no repository; allowed: a pattern of repository names, such as \"team/**\"");
        }

        if (except is not null && tags is null)
        {
            throw ConfigurationJson.Fault(line, $"{path} has except without immutableTags, of which it names exceptions");
        }

        if (tags is null && keep is null && delete is null && quota is null && signature is null)
        {
            throw ConfigurationJson.Fault(line, $"{path} says nothing; it needs one of {Contents}");
        }

        return new PolicyRule(repository, ++_count, line)
        {
            ImmutableTags = tags is null ? null : new ImmutableTagsRule(tags, except ?? []),
            Keep = keep,
            Delete = delete,
            Quota = quota,
            RequireSignature = signature,
        };
    }

    private static KeepRule ReadKeep(ref ConfigurationJson file, string path)
    {
        int? newest = null;
        IReadOnlyList<TagPattern> tagged = [];
        TimeSpan? pulledWithin = null;
        ReadParts(ref file, path, KeepProperties, (ref ConfigurationJson inner, string property, string name) =>
        {
            switch (property)
            {
                case "newest":
                    newest = inner.ReadNumber(name, 0, MostNewest);
                    break;
                case "tagged":
                    tagged = ReadTags(ref inner, name, allowsNone: false);
                    break;
                case "pulledWithin":
                    pulledWithin = ReadTime(ref inner, name);
                    break;
            }
        });
        return new KeepRule(newest, tagged, pulledWithin);
    }

    private static DeleteRule ReadDelete(ref ConfigurationJson file, string path)
    {
        var after = TimeSpan.Zero;
        ReadParts(ref file, path, DeleteProperties, (ref ConfigurationJson inner, string _, string name) => after = ReadTime(ref inner, name));
        return new DeleteRule(after);
    }

    private static QuotaRule ReadQuota(ref ConfigurationJson file, string path)
    {
        var bytes = 0L;
        ReadParts(ref file, path, QuotaProperties, (ref ConfigurationJson inner, string _, string name) =>
        {
            var text = inner.ReadString(name);
            if (!ByteSize.TryParse(text, out bytes) || bytes == 0)
            {
                throw inner.Fault($"{name} is \"{text}\"; allowed: a size of 1 byte or more, such as 500GiB");
            }
        });
        return new QuotaRule(bytes);
    }

    private SignatureRule ReadSignature(ref ConfigurationJson file, string path)
    {
        var line = file.Line;
        List<SigningKey> keys = [];
        IReadOnlyList<string> except = [];
        ReadParts(ref file, path, SignatureProperties, (ref ConfigurationJson inner, string property, string name) =>
        {
            if (property == "cosign")
            {
                keys = inner.ReadArray(name, "an array of paths", ReadKey);
            }
            else
            {
                except = AccessRulesReader.ReadUsers(ref inner, name, allowsGroups: false);
            }
        });
        return keys.Count > 0 ? new SignatureRule(keys, except) : throw ConfigurationJson.Fault(line, $"{path} has no key in cosign; allowed: paths of public keys in PEM");
    }

    private SigningKey ReadKey(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        try
        {
            return SigningKey.Read(text, readFile(text));
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            throw file.Fault($"{path} is \"{text}\", which cannot be used: {e.Message.TrimEnd('.')}", e);
        }
    }

    private static List<TagPattern> ReadTags(ref ConfigurationJson file, string path, bool allowsNone)
    {
        var patterns = file.ReadArray(path, "an array of patterns", (ref ConfigurationJson inner, string item) =>
        {
            var text = inner.ReadString(item);
            return TagPattern.TryParse(text) ?? throw inner.Fault(
                $"{item} is \"{text}\"; allowed: letters, digits, '.', '_', '-' and '*', not beginning with '.' or '-', at most {TagPattern.MaxLength} characters");
        });
        return patterns.Count > 0 || allowsNone ? patterns : throw file.Fault($"{path} is empty; allowed: patterns of tags, such as \"v*\"");
    }

    private static TimeSpan ReadTime(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return Duration.TryParse(text, out var time) && time > TimeSpan.Zero ? time : throw file.Fault($"{path} is \"{text}\"; allowed: a time such as 12h or 30d");
    }

    // An object that says nothing is a mistake: what it would mean is not known.
    private static void ReadParts(ref ConfigurationJson file, string path, string allowed, PropertyReading read)
    {
        if (ReadObject(ref file, path, allowed, read) == 0)
        {
            throw file.Fault($"{path} is empty; allowed: {allowed}");
        }
    }

    private static int ReadObject(ref ConfigurationJson file, string path, string allowed, PropertyReading read)
    {
        var seen = new HashSet<string>();
        file.BeginObject(path);
        while (file.NextProperty(seen) is { } property)
        {
            if (!allowed.Split(", ").Contains(property))
            {
                throw file.Fault($"unknown property \"{property}\" in {path}; allowed: {allowed}");
            }

            read(ref file, property, $"{path}.{property}");
        }

        return seen.Count;
    }
}
