namespace Registry.Core.Access.Passwords;

/// <summary>Line of an htpasswd file whose hash is so expensive that it delays logins.</summary>
/// <param name="Number">Number of the line; the first is 1.</param>
/// <param name="User">User of the line.</param>
/// <param name="Cost">Cost of the hash: a check takes 2 to this power rounds.</param>
public sealed record CostlyLine(int Number, string User, int Cost)
{
    /// <summary>Describes the line, what it costs on this machine, and the remedy. The first call measures bcrypt for some 50 ms.</summary>
    public override string ToString() =>
        $"line {Number}: the hash of '{User}' has a cost of {Cost}, and one check takes about {BcryptSpeed.MillisecondsOf(Cost)} ms of a core on this machine; every wrong "
        + $"password and unknown user takes as long, and other logins wait meanwhile. Set the password again with 'registry user add {User}', which uses a cost of {Htpasswd.DefaultCost}";
}
